"""Customers: the account that usage and invoices belong to."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextInputWidget

from metering import clock
from metering.admin.base import ConsoleAdmin, ReadOnlyAdmin
from metering.admin.display import Panel, link, link_to, list_url, moment
from metering.admin.events import events_link
from metering.admin.filters import DeletedFilter
from metering.admin.forms import ConsoleForm, CurrencyChoiceField, LinesField, NoteField, PairsField
from metering.admin.pages import ActionForm, find_row, render_page, run_action
from metering.admin.usage import UsageFilter, customer_usage
from metering.models import Customer, Member, Meter, Subject, SubjectLink
from metering.services.customers import (
    change_customer,
    create_customer,
    delete_customer,
    invite_member,
    link_subject,
)
from metering.zones import zone_names

_SHOWN = 10
_ADDRESS = {
    "line1": "Street",
    "line2": "Second line",
    "postalCode": "Postal code",
    "city": "City",
    "state": "State or region",
    "country": "Country",
}


def _zone_choices() -> list[tuple[str, str]]:
    return [("", "The seller's zone"), *((name, name.replace("_", " ")) for name in sorted(zone_names()))]


class CustomerForm(ConsoleForm):
    time_zone = forms.ChoiceField(
        choices=_zone_choices,
        required=False,
        widget=UnfoldAdminSelect2Widget(),
        help_text="In which zone the customer's days and billing periods start.",
    )
    currency = CurrencyChoiceField(required=False, help_text="Empty: that of the first plan.")
    description = NoteField()
    metadata = PairsField(example="region = eu", required=False, help_text="One name = value a line.")
    address_line1 = forms.CharField(label=_ADDRESS["line1"], required=False, widget=UnfoldAdminTextInputWidget())
    address_line2 = forms.CharField(label=_ADDRESS["line2"], required=False, widget=UnfoldAdminTextInputWidget())
    address_postalCode = forms.CharField(
        label=_ADDRESS["postalCode"], required=False, widget=UnfoldAdminTextInputWidget()
    )
    address_city = forms.CharField(label=_ADDRESS["city"], required=False, widget=UnfoldAdminTextInputWidget())
    address_state = forms.CharField(label=_ADDRESS["state"], required=False, widget=UnfoldAdminTextInputWidget())
    address_country = forms.RegexField(
        r"^[A-Z]{2}$",
        label=_ADDRESS["country"],
        required=False,
        help_text="Two letters, such as DE.",
        error_messages={"invalid": "Write the country as two capital letters, such as DE."},
        widget=UnfoldAdminTextInputWidget(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _ADDRESS:
            self.initial.setdefault(f"address_{name}", (self.instance.billing_address or {}).get(name, ""))

    def values(self) -> dict[str, Any]:
        values = super().values()
        address = {name: values.pop(f"address_{name}") for name in _ADDRESS}
        # Parts that the console has no input for, such as a telephone number, stay as they are.
        kept = {name: part for name, part in self.instance.billing_address.items() if name not in _ADDRESS}
        return {**values, "billing_address": kept | {name: part for name, part in address.items() if part}}

    def changes(self) -> dict[str, Any]:
        values = self.values()
        changed = {"billing_address" if name.startswith("address_") else name for name in self.changed_data}
        return {name: value for name, value in values.items() if name in changed}


class NewCustomerForm(CustomerForm):
    subject_keys = LinesField(
        required=False,
        help_text="What this customer's events name as their subject, one a line. The key above is one already.",
    )


class LinkSubjectForm(ActionForm):
    subject_key = forms.CharField(label="Subject", widget=UnfoldAdminTextInputWidget())
    from_at = forms.SplitDateTimeField(
        label="From",
        required=False,
        help_text="Events from this time on are this customer's. Empty: since ever.",
        widget=UnfoldAdminSplitDateTimeWidget(),
    )


class InviteForm(ActionForm):
    email = forms.EmailField(label="E-mail", widget=UnfoldAdminTextInputWidget())


_ADDRESS_FIELDS = (
    ("address_line1", "address_line2"),
    ("address_postalCode", "address_city"),
    ("address_state", "address_country"),
)


class CustomerAdmin(ConsoleAdmin):
    """The page of a customer as far as metering knows it; `invoicing.admin` adds subscriptions and invoices."""

    form = CustomerForm
    add_form = NewCustomerForm
    refusal_fields = {
        "unknown_time_zone": "time_zone",
        "unknown_currency": "currency",
        "customer_needs_a_subject": "key",
        "customer_key_is_taken": "key",
        "subject_is_taken": "subject_keys",
    }
    list_display = ("name", "key", "primary_email", "currency", "clock_link", "created", "state")
    list_select_related = ("test_clock",)
    list_filter = (DeletedFilter, "currency", ("test_clock", admin.EmptyFieldListFilter))
    search_fields = ("name", "key", "ulid", "primary_email")
    search_help_text = "Name, key, id or e-mail"
    ordering = ("-pk",)
    autocomplete_fields = ("test_clock",)
    readonly_fields = ("public_id", "clock_link", "created_at", "updated_at", "deleted_at")
    add_fieldsets = (
        (
            None,
            {"fields": (("name", "key"), "subject_keys", ("primary_email", "currency"), ("time_zone", "test_clock"))},
        ),
        ("Billing address", {"fields": _ADDRESS_FIELDS}),
        ("More", {"fields": ("description", "metadata"), "classes": ("collapse",)}),
    )
    fieldsets = (
        (None, {"fields": (("name", "key"), ("primary_email", "currency"), ("time_zone", "clock_link"))}),
        ("Billing address", {"fields": _ADDRESS_FIELDS, "classes": ("collapse",)}),
        (
            "More",
            {
                "fields": ("description", "metadata", ("public_id", "created_at"), ("updated_at", "deleted_at")),
                "classes": ("collapse",),
            },
        ),
    )
    actions_detail = [
        "usage_action",
        {"title": "Add", "icon": "add", "items": ["link_subject_action", "invite_action"]},
        "delete_action",
    ]

    clock_link = link_to("test_clock", "test clock")

    @display(description="created", ordering="pk")
    def created(self, row: Customer) -> str:
        return moment(row.created_at)

    @display(description="state", label={"Live": "success", "Deleted": "danger"})
    def state(self, row: Customer) -> str:
        return "Live" if row.deleted_at is None else "Deleted"

    def create(self, *, data: dict[str, Any], at: datetime) -> Customer:
        return create_customer(**data, at=at)

    def change(self, *, row: Customer, data: dict[str, Any], at: datetime) -> Customer:
        return change_customer(customer_id=row.pk, at=at, **data)

    def hidden_actions(self, row: Customer) -> Collection[str]:
        return {"link-subject", "invite", "delete-customer"} if row.deleted_at else ()

    def panels(self, request: HttpRequest, row: Customer) -> list[Panel]:
        return [subjects_panel(row), members_panel(row)]

    @action(description="Usage", url_path="usage", icon="bar_chart", permissions=["view"])
    def usage_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        customer = find_row(self, request, object_id)
        first = Meter.objects.live().order_by("slug").first()
        form = UsageFilter(request.GET or ({"meter": first.pk, "days": "31"} if first else None))
        found = customer_usage(customer, form.cleaned_data, clock.now(customer)) if form.is_valid() else {}
        title = f"Usage of {customer.name}"
        return render_page(self, request, "admin/console/usage.html", row=customer, title=title, form=form, **found)

    @action(description="Add a subject", url_path="link-subject", icon="add_link", permissions=["operate"])
    def link_subject_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        customer = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            link_subject(
                customer_id=customer.pk, subject_key=data["subject_key"], from_at=data["from_at"], at=clock.now()
            )
            return f"Events of subject {data['subject_key']} are now {customer.name}'s."

        return run_action(
            self,
            request,
            row=customer,
            title="Add a subject",
            explanation="Events that name this subject count as this customer's usage from then on.",
            submit="Add the subject",
            run=run,
            form_class=LinkSubjectForm,
        )

    @action(description="Invite to the portal", url_path="invite", icon="person_add", permissions=["operate"])
    def invite_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        customer = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            member = invite_member(customer_id=customer.pk, email=data["email"], at=clock.now())
            return f"{member.user} may sign in to the portal of {customer.name}."

        return run_action(
            self,
            request,
            row=customer,
            title="Invite to the portal",
            explanation="This person may sign in with a code sent to the address, and see usage and invoices.",
            submit="Invite",
            run=run,
            form_class=InviteForm,
        )

    @action(description="Delete", url_path="delete-customer", icon="delete", permissions=["operate"])
    def delete_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        customer = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            delete_customer(customer_id=customer.pk, at=clock.now())
            return f"{customer.name} is deleted. Another customer may have the key and the subjects."

        return run_action(
            self,
            request,
            row=customer,
            title="Delete",
            explanation="Usage from now on is nobody's, and the key and the subjects are free again. Usage until now,"
            " invoices and the history stay.",
            submit="Delete the customer",
            run=run,
        )


def subjects_panel(customer: Customer) -> Panel:
    links = customer.subject_links.known_at(None).select_related("subject").order_by("-pk")[:_SHOWN]
    return Panel(
        title="Subjects",
        headers=("Subject", "From", "To", "", ""),
        rows=[
            (
                link(row.subject),
                moment(row.from_at) if row.from_at else "since ever",
                moment(row.to_at) if row.to_at else "for ever",
                events_link(row.subject.key),
                changes_link(row.subject),
            )
            for row in links
        ],
        empty="No subject yet: events cannot be this customer's.",
        links=[("All subject links", list_url(SubjectLink, customer__id__exact=customer.pk))],
    )


def changes_link(subject: Subject) -> SafeString:
    """Link to where a subject is moved to another customer, or its link ended."""
    move, end = (reverse(f"admin:metering_subject_{name}_action", args=(subject.pk,)) for name in ("move", "end"))
    return format_html('<a href="{}" class="text-link">Move</a> or <a href="{}" class="text-link">end</a>', move, end)


def members_panel(customer: Customer) -> Panel:
    members = customer.members.select_related("user").order_by("pk")[:_SHOWN]
    return Panel(
        title="People who may open the portal",
        headers=("E-mail", "Since"),
        rows=[(link(member.user), moment(member.created_at)) for member in members],
        empty="Nobody yet: invite someone.",
        links=[("All members", list_url(Member, customer__id__exact=customer.pk))],
    )


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    list_display = ("user_link", "customer_link", "created")
    list_display_links = None
    list_select_related = ("user", "customer")
    search_fields = ("user__email", "customer__name", "customer__key")
    search_help_text = "E-mail, or name or key of the customer"
    list_filter = (("customer", admin.RelatedOnlyFieldListFilter),)
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": ("user", "customer", "created_at")}),)

    user_link = link_to("user", "person")
    customer_link = link_to("customer", "customer")

    @display(description="since", ordering="pk")
    def created(self, row: Member) -> str:
        return moment(row.created_at)


admin.site.register(Customer, CustomerAdmin)
