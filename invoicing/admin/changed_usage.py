"""Usage that may have changed after it was billed, and up to where that is known."""

from django.contrib import admin
from unfold.decorators import display

from invoicing.models import ChangeWatermark, UsageChange
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import figure_of, link_to, moment


@admin.register(UsageChange)
class UsageChangeAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("customer_link", "start", "end", "since")
    list_display_links = ("start",)
    list_select_related = ("customer",)
    search_fields = ("customer__name", "customer__key")
    search_help_text = "Name or key of the customer"
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": ("customer", ("from_at", "to_at"), "since")}),)
    customer_link = link_to("customer", "customer")
    since = figure_of("since_batch", "since batch")

    @display(description="from", ordering="from_at")
    def start(self, row: UsageChange) -> str:
        return moment(row.from_at)

    @display(description="to", ordering="to_at")
    def end(self, row: UsageChange) -> str:
        return moment(row.to_at)


@admin.register(ChangeWatermark)
class ChangeWatermarkAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("known",)
    search_fields = ("bound__exact",)
    search_help_text = "Number of the batch"
    ordering = ("pk",)
    fieldsets = ((None, {"fields": ("known",)}),)
    known = figure_of("bound", "known up to batch")
