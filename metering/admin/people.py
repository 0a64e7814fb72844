"""People who sign in: operators of this console, and customers of the portal."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from metering.admin.base import ConsoleAdmin
from metering.admin.display import Panel, link, moment
from metering.admin.forms import ConsoleForm
from metering.models import User
from metering.services.people import add_operator, change_person

_OWNER = "May do everything, and says who may do what."


class PersonForm(ConsoleForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Read-only for who may only look.
        if "is_superuser" in self.fields:
            self.fields["is_superuser"].label = "Owner"
            self.fields["is_superuser"].help_text = _OWNER
        if "groups" in self.fields:
            self.fields["groups"].label = "Roles"
            self.fields["groups"].help_text = "What an operator who is not an owner may do."


class NewOperatorForm(PersonForm):
    # A plain field: an address that the portal knows is made an operator, not refused.
    email = forms.EmailField(help_text="Sign-in codes go there.", widget=UnfoldAdminTextInputWidget())

    def _get_validation_exclusions(self) -> set[str]:
        return {*super()._get_validation_exclusions(), "email"}  # type: ignore[misc]


@admin.register(User)
class UserAdmin(ConsoleAdmin):
    form = PersonForm
    add_form = NewOperatorForm
    refusal_fields = {"last_owner": "is_superuser"}
    list_display = ("email", "name", "role", "is_active", "last_seen")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name", "memberships__customer__name")
    search_help_text = "E-mail, name or name of the customer"
    ordering = ("email",)
    add_fieldsets = ((None, {"fields": ("email", "name", "is_superuser", "groups")}),)
    fieldsets = (
        (None, {"fields": (("email", "last_login"), "name", ("is_staff", "is_active"), "is_superuser", "groups")}),
    )
    readonly_fields = ("last_login",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Whoever could hand out rights could hand them to themselves, so only owners do.
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("email", *self.readonly_fields)

    @display(description="role", label={"Owner": "primary", "Operator": "info", "Customer": "default"})
    def role(self, row: User) -> str:
        if row.is_staff:
            return "Owner" if row.is_superuser else "Operator"
        return "Customer"

    @display(description="last sign-in", ordering="last_login")
    def last_seen(self, row: User) -> str:
        return moment(row.last_login)

    def create(self, *, data: dict[str, Any], at: datetime) -> User:
        return add_operator(**data)

    def change(self, *, row: User, data: dict[str, Any], at: datetime) -> User:
        return change_person(user_id=row.pk, **data)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Leave roles to the service, which has set them."""

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
