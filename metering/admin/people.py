"""People who sign in: operators of this console, and customers of the portal."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import Panel, link, moment
from metering.models import User


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "name", "role", "is_active", "last_seen")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name", "memberships__customer__name")
    search_help_text = "E-mail, name or name of the customer"
    ordering = ("email",)
    fieldsets = (
        (None, {"fields": (("email", "name"), ("is_staff", "is_superuser"), ("is_active", "last_login"), "groups")}),
    )

    @display(description="role", label={"Owner": "primary", "Operator": "info", "Customer": "default"})
    def role(self, row: User) -> str:
        if row.is_staff:
            return "Owner" if row.is_superuser else "Operator"
        return "Customer"

    @display(description="last sign-in", ordering="last_login")
    def last_seen(self, row: User) -> str:
        return moment(row.last_login)

    def panels(self, request: HttpRequest, row: User) -> list[Panel]:
        memberships = row.memberships.select_related("customer").order_by("pk")[:20]
        return [
            Panel(
                title="Portals this person may open",
                headers=("Customer", "Since"),
                rows=[(link(found.customer), moment(found.created_at)) for found in memberships],
                empty="None.",
            )
        ]
