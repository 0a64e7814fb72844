from typing import Any

from django.apps import AppConfig, apps
from django.db import connections
from django.db.models.signals import post_migrate


class BillingSiteConfig(AppConfig):
    name = "billing_site"

    def ready(self) -> None:
        # Django sends the signal for apps with models only, so not for this one.
        post_migrate.connect(_sync_schedules, sender=apps.get_app_config("django_q"))
        post_migrate.connect(_ensure_default_profile, sender=apps.get_app_config("invoicing"))


def _sync_schedules(*, using: str, **kwargs: Any) -> None:
    # Models and what uses them can be imported only after every app is ready.
    from billing_site.schedules import Schedule, sync_schedules

    # The queue's tables are missing where only some other app was migrated.
    if Schedule._meta.db_table in connections[using].introspection.table_names():
        sync_schedules()


def _ensure_default_profile(*, using: str, **kwargs: Any) -> None:
    from invoicing.models import InvoiceSequence
    from invoicing.services.profiles import ensure_default_profile
    from metering import clock

    if InvoiceSequence._meta.db_table in connections[using].introspection.table_names():
        ensure_default_profile(at=clock.now())
