"""Connections to whoever invoices and collects."""

from django.db import models

from metering.models import Customer, UlidField, tracked


class AppType(models.TextChoices):
    SANDBOX = "sandbox", "Sandbox"
    CUSTOM_INVOICING = "custom_invoicing", "Custom invoicing"


class AppStatus(models.TextChoices):
    READY = "ready", "Ready"
    UNAUTHORIZED = "unauthorized", "Not authorised"


@tracked()
class App(models.Model):
    """
    A connection to whoever invoices and collects the money.

    The sandbox needs no account and settles at once; custom invoicing waits for another system to call back, for the
    steps that its hooks name.
    """

    ulid = UlidField()
    type = models.CharField(max_length=20, choices=AppType.choices)
    status = models.CharField(max_length=12, choices=AppStatus.choices, default=AppStatus.READY)
    name = models.CharField(max_length=256)
    description = models.TextField(max_length=1024, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    has_draft_hook = models.BooleanField(default=False, help_text="Drafts wait until the other system has them.")
    has_issuing_hook = models.BooleanField(default=False, help_text="Issuing waits until the other system is done.")
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(type__in=AppType.values), name="app_type_is_known"),
            models.CheckConstraint(condition=models.Q(status__in=AppStatus.values), name="app_status_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class CustomerAppData(models.Model):
    """What an app keeps of a customer."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="app_data")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="customer_data")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "app"], name="an_app_keeps_a_customer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.customer} in {self.app}"
