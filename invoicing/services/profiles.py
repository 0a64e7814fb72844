"""Billing profiles: who sells, and how."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from invoicing.models import (
    Alignment,
    App,
    AppType,
    BillingProfile,
    CustomerBilling,
    InvoiceSequence,
    InvoiceType,
)
from invoicing.workflow import Workflow
from metering.errors import DomainError
from metering.models import Customer
from pricing.models import Subscription

# What else may be given and changed, beside `workflow` and `is_default`.
_COLUMNS = frozenset(
    {
        "name",
        "description",
        "metadata",
        "supplier_name",
        "supplier_tax_id",
        "supplier_address",
        "logo",
        "number_prefix",
        "credit_note_prefix",
        "zero_invoices",
        "corrections",
        "spend_thresholds",
        "largest_total",
    }
)
_PREFIXES = {"number_prefix": "INV", "credit_note_prefix": "CN"}


class DefaultProfileCannotBeUnset(DomainError):
    code = "default_profile_cannot_be_unset"


class DefaultProfileCannotBeDeleted(DomainError):
    code = "default_profile_cannot_be_deleted"


class ProfileReferenced(DomainError):
    """Customers are pinned to the profile."""

    code = "profile_referenced"


class ProfileIsDeleted(DomainError):
    code = "profile_already_deleted"


class PrefixTaken(DomainError):
    """Two sellers would have the same numbers."""

    status = 409
    code = "profile_number_prefix_taken"


@transaction.atomic
def ensure_default_profile(*, at: datetime) -> BillingProfile:
    """
    Return the default billing profile; make it, with a sandbox and its number series, on the first start.

    The seller takes the name of the site. Safe to repeat.
    """
    profile = BillingProfile.objects.filter(is_default=True).first() or _create_unless_another_did(at)
    _open_series(profile)
    return profile


@transaction.atomic
def create_profile(*, app_id: int, is_default: bool, workflow: Workflow, at: datetime, **values: Any) -> BillingProfile:
    """
    Create a profile with its number series; a prefix that is not given is one that no other profile has.

    As the default it takes the place of the one before, see `change_profile`.

    :raises PrefixTaken: if another profile has one of its prefixes.
    """
    before = _locked_default()
    columns = _checked(values) | _columns_of(workflow)
    prefixes = {name: columns.get(name) or _free_prefix(name) for name in _PREFIXES}
    profile = BillingProfile(**{**columns, **prefixes}, app=App.objects.get(pk=app_id), created_at=at, updated_at=at)
    _refuse_taken_prefixes(profile)
    profile.save(force_insert=True)
    _open_series(profile)
    if is_default:
        _take_over(profile, before, at)
    return profile


@transaction.atomic
def change_profile(
    *, profile_id: int, at: datetime, is_default: bool | None = None, workflow: Workflow | None = None, **values: Any
) -> BillingProfile:
    """
    Change the named fields; invoices that are drafted or issued keep what they say.

    Made the default, it demotes the one before: customers who pay by a subscription and have no pin stay with that
    one where the two are of different apps.

    :raises ProfileIsDeleted: if it was deleted.
    :raises DefaultProfileCannotBeUnset: if it is the default and should not be.
    :raises PrefixTaken: if another profile has one of its prefixes.
    """
    before = _locked_default()
    profile = _locked(profile_id)
    if is_default is False and profile.is_default:
        raise DefaultProfileCannotBeUnset("Make another profile the default instead: there has to be one.")
    changes = _checked(values) | (_columns_of(workflow) if workflow else {})
    for name, value in changes.items():
        setattr(profile, name, value)
    profile.updated_at = at
    _refuse_taken_prefixes(profile)
    profile.save(update_fields=[*changes, "updated_at"])
    if is_default and not profile.is_default:
        _take_over(profile, before, at)
    return profile


@transaction.atomic
def delete_profile(*, profile_id: int, at: datetime) -> None:
    """
    Take a profile out of use; its invoices stay.

    :raises DefaultProfileCannotBeDeleted: if it is the default.
    :raises ProfileReferenced: if customers are pinned to it.
    :raises ProfileIsDeleted: if it was deleted.
    """
    profile = _locked(profile_id)
    if profile.is_default:
        raise DefaultProfileCannotBeDeleted("Make another profile the default first, then delete this one.")
    pinned = profile.pinned_customers.count()
    if pinned:
        raise ProfileReferenced(f"Pin {pinned} customers of this profile to another one, or unpin them, first.")
    profile.deleted_at = profile.updated_at = at
    profile.save(update_fields=["deleted_at", "updated_at"])


def _locked_default() -> BillingProfile:
    """Hold the default's row, so that defaults change one after the other; it is locked before any other profile."""
    return BillingProfile.objects.select_for_update(of=("self",)).select_related("app").get(is_default=True)


def _locked(profile_id: int) -> BillingProfile:
    held = BillingProfile.objects.select_for_update(of=("self",)).select_related("app")
    profile = held.get(pk=profile_id)
    if profile.deleted_at is not None:
        raise ProfileIsDeleted(f"Choose a profile that is not deleted instead of {profile.name}.")
    return profile


def _take_over(profile: BillingProfile, before: BillingProfile, at: datetime) -> None:
    if before.app.type != profile.app.type:
        _pin_paying_customers(before, at)
    BillingProfile.objects.filter(pk=before.pk).update(is_default=False, updated_at=at)
    profile.is_default = True
    profile.save(update_fields=["is_default"])


def _pin_paying_customers(profile: BillingProfile, at: datetime) -> None:
    paying = Subscription.objects.not_over(at).filter(items__price__isnull=False).values("customer")
    customers = Customer.objects.filter(pk__in=paying)
    CustomerBilling.objects.filter(customer__in=customers, profile=None).update(profile=profile, updated_at=at)
    CustomerBilling.objects.bulk_create(
        CustomerBilling(customer=customer, profile=profile, created_at=at, updated_at=at)
        for customer in customers.filter(billing=None)
    )


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := values.keys() - _COLUMNS:
        raise TypeError(f"A billing profile has no field {', '.join(sorted(unknown))} to change.")
    return dict(values)


def _columns_of(workflow: Workflow) -> dict[str, Any]:
    columns = asdict(workflow)
    aligned = Alignment.ANCHORED if workflow.collection_anchor else Alignment.SUBSCRIPTION
    return columns | {"collection_alignment": aligned}


def _free_prefix(field: str) -> str:
    stem = _PREFIXES[field]
    taken = set(BillingProfile.objects.values_list(field, flat=True))
    count = 2
    while f"{stem}{count}-" in taken:
        count += 1
    return f"{stem}{count}-"


def _refuse_taken_prefixes(profile: BillingProfile) -> None:
    others = BillingProfile.objects.filter(deleted_at=None).exclude(pk=profile.pk)
    for name in _PREFIXES:
        prefix = getattr(profile, name)
        if other := others.filter(**{name: prefix}).first():
            raise PrefixTaken(f"Use another prefix than {prefix!r}: {other.name} numbers its documents with it.")


def _open_series(profile: BillingProfile) -> None:
    for type in InvoiceType.values:
        InvoiceSequence.objects.get_or_create(profile=profile, type=type)


def _create_unless_another_did(at: datetime) -> BillingProfile:
    try:
        with transaction.atomic():
            return _create_default(at)
    except IntegrityError:
        return BillingProfile.objects.get(is_default=True)


def _create_default(at: datetime) -> BillingProfile:
    sandbox = App.objects.create(type=AppType.SANDBOX, name="Sandbox", created_at=at, updated_at=at)
    return BillingProfile.objects.create(
        name="Default",
        is_default=True,
        app=sandbox,
        supplier_name=settings.SITE_NAME,
        created_at=at,
        updated_at=at,
        **_columns_of(Workflow()),
    )
