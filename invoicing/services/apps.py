"""Apps: installed, changed and uninstalled, and what each keeps of a customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from invoicing.app_catalog import LISTINGS
from invoicing.lifecycle import UNFINISHED
from invoicing.models import App, BillingProfile, CustomerAppData, Invoice
from invoicing.services.profiles import create_profile
from invoicing.workflow import Workflow
from metering.errors import DomainError
from metering.models import Customer


class AppInUse(DomainError):
    """Something would be left without the app."""

    status = 409
    code = "app_in_use"


class AppIsDeleted(DomainError):
    status = 409
    code = "app_already_deleted"


class WrongAppType(DomainError):
    """What was sent is for an app of another type."""

    code = "app_type_differs"


class NoAppForCustomer(DomainError):
    """There is no such app to keep something of a customer."""

    code = "customer_app_not_found"


class NoCustomerData(DomainError):
    """The app keeps nothing of the customer."""

    status = 404
    code = "customer_app_data_not_found"


@dataclass(frozen=True)
class CustomerEntry:
    """What an app shall keep of a customer; without `app_ulid` the one of its type that the default profile uses."""

    type: str
    app_ulid: str | None
    metadata: Mapping[str, str]


@transaction.atomic
def install_app(*, type: str, name: str | None = None, creates_profile: bool, at: datetime) -> App:
    """
    Install an app of the catalogue, if wanted with a billing profile of the default one's seller that uses it.

    The default profile stays the default: customers are billed by the new one when they are pinned to it.
    """
    chosen = name or LISTINGS[type].name
    app = App.objects.create(type=type, name=chosen, created_at=at, updated_at=at)
    if creates_profile:
        seller = BillingProfile.objects.get(is_default=True)
        create_profile(
            app_id=app.pk,
            is_default=False,
            workflow=Workflow(),
            at=at,
            name=chosen,
            supplier_name=seller.supplier_name,
            supplier_tax_id=seller.supplier_tax_id,
            supplier_address=seller.supplier_address,
        )
    return app


@transaction.atomic
def change_app(
    *,
    app_id: int,
    type: str,
    name: str,
    description: str,
    metadata: Mapping[str, str],
    at: datetime,
    has_draft_hook: bool = False,
    has_issuing_hook: bool = False,
) -> App:
    """
    Replace what can be changed of an app; invoices that wait for a hook that is gone can be advanced.

    :raises AppIsDeleted: if it was uninstalled.
    :raises WrongAppType: if it is of another type.
    """
    app = _locked(app_id)
    if app.type != type:
        raise WrongAppType(f"Send the members of {app.type}: {app} is of that type.")
    app.name, app.description, app.metadata = name, description, dict(metadata)
    app.has_draft_hook, app.has_issuing_hook = has_draft_hook, has_issuing_hook
    app.updated_at = at
    app.save()
    return app


@transaction.atomic
def uninstall_app(*, app_id: int, at: datetime) -> None:
    """
    Take an app out of use; its invoices stay.

    :raises AppIsDeleted: if it was uninstalled.
    :raises AppInUse: if a billing profile or an invoice that is not finished uses it.
    """
    app = _locked(app_id)
    if profile := app.profiles.filter(deleted_at=None).order_by("pk").first():
        raise AppInUse(f"Delete the billing profile {profile} first: it uses {app}.")
    waiting = Invoice.objects.filter(profile__app=app, status__in=sorted(UNFINISHED))
    if invoice := waiting.order_by("pk").first():
        raise AppInUse(f"Finish {invoice} first: {app} invoices and collects it.")
    app.deleted_at = app.updated_at = at
    app.save(update_fields=["deleted_at", "updated_at"])


@transaction.atomic
def keep_customer_data(*, customer_id: int, entries: Sequence[CustomerEntry], at: datetime) -> list[CustomerAppData]:
    """
    Have apps keep what is given of a customer, in place of what they keep; other apps keep what they have.

    :raises NoAppForCustomer: if there is no such app.
    """
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    return [_keep(customer, _app_of(entry), entry.metadata, at) for entry in entries]


@transaction.atomic
def forget_customer_data(*, customer_id: int, app_id: int) -> None:
    """
    Have an app forget a customer.

    :raises NoCustomerData: if it keeps nothing.
    """
    removed, _ = CustomerAppData.objects.filter(customer=customer_id, app=app_id).delete()
    if not removed:
        raise NoCustomerData("Name an app that keeps something of this customer.")


def _locked(app_id: int) -> App:
    app = App.objects.select_for_update(no_key=True).get(pk=app_id)
    if app.deleted_at is not None:
        raise AppIsDeleted(f"Install {app.name} again: it was uninstalled.")
    return app


def _app_of(entry: CustomerEntry) -> App:
    found = App.objects.filter(deleted_at=None, type=entry.type)
    named = {"ulid": entry.app_ulid} if entry.app_ulid else {"profiles__is_default": True}
    app = found.filter(**named).first()
    if app is None:
        raise NoAppForCustomer(f"Name an app of the type {entry.type} that is installed by its id.")
    return app


def _keep(customer: Customer, app: App, metadata: Mapping[str, str], at: datetime) -> CustomerAppData:
    values = {"metadata": dict(metadata), "updated_at": at}
    kept, _ = CustomerAppData.objects.update_or_create(
        customer=customer, app=app, defaults=values, create_defaults=values | {"created_at": at}
    )
    return kept
