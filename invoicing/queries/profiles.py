"""Which billing profile a customer is billed by, and at which spend thresholds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from invoicing.models import BillingProfile, CustomerBilling
from metering.models import Customer


@dataclass(frozen=True)
class SpendThresholds:
    """Amounts of one currency, each billed at once when usage of a billing period passes it; then each `recurring`."""

    amounts: tuple[Decimal, ...] = ()
    recurring: Decimal | None = None


def live_profiles() -> QuerySet[BillingProfile]:
    """Return the profiles that are not deleted, each with its app, oldest first."""
    return BillingProfile.objects.filter(deleted_at=None).select_related("app").order_by("pk")


def default_profile() -> BillingProfile:
    """Return the profile of every customer who is not pinned to another."""
    return BillingProfile.objects.select_related("app").get(is_default=True)


def profile_of(customer: Customer) -> BillingProfile:
    """Return the profile that a customer is pinned to, else the default one."""
    return profiles_of([customer.pk])[customer.pk]


def profiles_of(customer_ids: Iterable[int]) -> dict[int, BillingProfile]:
    """Return for each customer the profile they are pinned to, else the default one, in two queries."""
    default, ids = default_profile(), list(customer_ids)
    pins = CustomerBilling.objects.filter(customer__in=ids, profile__isnull=False).select_related("profile__app")
    pinned = {pin.customer_id: pin.profile for pin in pins}
    return {pk: pinned.get(pk) or default for pk in ids}


def thresholds_of(customer_ids: Iterable[int]) -> dict[int, dict[str, SpendThresholds]]:
    """Return the spend thresholds of each customer by currency: their own, else their profile's, in three queries."""
    ids = list(customer_ids)
    profiles = profiles_of(ids)
    chosen = CustomerBilling.objects.filter(customer__in=ids, spend_thresholds__isnull=False)
    own = dict(chosen.values_list("customer", "spend_thresholds"))
    return {pk: read_thresholds(own.get(pk, profiles[pk].spend_thresholds)) for pk in ids}


def read_thresholds(stored: Mapping[str, Any]) -> dict[str, SpendThresholds]:
    """Read what a profile or a customer's billing stores."""
    return {
        currency: SpendThresholds(
            amounts=tuple(sorted(Decimal(amount) for amount in entry.get("amounts") or ())),
            recurring=Decimal(entry["recurring"]) if entry.get("recurring") else None,
        )
        for currency, entry in stored.items()
    }
