"""What the billing run did, and when."""

from django.db import models

from metering.models import UlidField


class BillingRun(models.Model):
    """One pass over the customers: the bound it read usage to, and what came of it."""

    ulid = UlidField()
    as_of = models.DateTimeField(help_text="The time billed up to, for customers without a test clock.")
    bound = models.BigIntegerField(help_text="The last batch that counts.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    customers = models.PositiveIntegerField(default=0)
    invoices = models.PositiveIntegerField(default=0)
    failures = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Billing run of {self.as_of:%Y-%m-%d %H:%M}"
