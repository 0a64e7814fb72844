"""`manage.py create_api_key NAME --scope admin`: make a key and print it, alone, on standard output."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from billing_site.management.base import DatabaseCommand
from metering import clock
from metering.errors import DomainError
from metering.models import Scope
from metering.services.api_keys import create_api_key


class Command(DatabaseCommand):
    help = "Make an API key and print it; it is stored only as a hash, so it is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="What the key is for.")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=Scope.values,
            help="What the key may do; give it more than once for several.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _, secret = create_api_key(name=options["name"], scopes=options["scope"], at=clock.now())
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(secret)
