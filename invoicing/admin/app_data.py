"""What apps keep of customers."""

from django.contrib import admin

from invoicing.models import CustomerAppData
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import link_to


@admin.register(CustomerAppData)
class CustomerAppDataAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "customer_link", "app")
    list_select_related = ("customer", "app")
    list_filter = ("app",)
    search_fields = ("customer__name", "customer__key")
    search_help_text = "Name or key of the customer"
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": (("customer", "app"), "metadata", ("created_at", "updated_at"))}),)
    customer_link = link_to("customer", "customer")
