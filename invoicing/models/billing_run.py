"""What the billing run did, and when, and what it still has to look at."""

from django.db import models
from django.db.models import F, Q

from metering.models import Customer, UlidField, tracked


class BillingRun(models.Model):
    """One pass over the customers: the bound it read usage to, how far it came, and what came of it."""

    ulid = UlidField()
    as_of = models.DateTimeField(help_text="The time billed up to, for customers without a test clock.")
    bound = models.BigIntegerField(help_text="The last batch that counts.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    customers = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0, help_text="How many of the customers were looked at so far.")
    invoices = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict, help_text="What the issued invoices come to, by currency.")
    failures = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Billing run of {self.as_of:%Y-%m-%d %H:%M}"


@tracked()
class ParkedCustomer(models.Model):
    """A customer who is not billed until somebody looked at the reason; open until `released_at`."""

    ulid = UlidField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="parkings")
    run = models.ForeignKey(BillingRun, on_delete=models.PROTECT, null=True, related_name="parked")
    code = models.CharField(max_length=64)
    reason = models.TextField()
    is_unexpected = models.BooleanField(default=False, help_text="A mistake of the program, not of the data.")
    parked_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(released_at=None), name="a_customer_is_parked_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} is parked"


class ChangeWatermark(models.Model):
    """Up to which batch it is known which customers' billed usage may have changed; one row."""

    id = models.BooleanField(primary_key=True, default=True)
    bound = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=True), name="one_change_watermark")]

    def __str__(self) -> str:
        return f"Changes are known up to batch {self.bound}"


class UsageChange(models.Model):
    """Usage of a customer that may have changed after it was billed: in [from_at, to_at), since a batch."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="usage_change")
    since_batch = models.BigIntegerField()
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(from_at__lt=F("to_at")), name="usage_change_has_length"),
        ]

    def __str__(self) -> str:
        return f"Usage of {self.customer} may have changed since batch {self.since_batch}"
