"""What the commands that work on the tables share."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing_site.external_database import UnusableDatabase, check_migrations


class DatabaseCommand(BaseCommand):
    """A command that ends with one sentence where the database can't be reached or has not been prepared."""

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            check_migrations()
        except UnusableDatabase as error:
            raise CommandError(str(error)) from None
        return super().execute(*args, **options)
