"""By which profile and at which thresholds a customer is billed, where that differs from the default."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from invoicing.models import BillingProfile, CustomerBilling
from metering.errors import DomainError
from metering.models import Customer

# In place of thresholds that shall stay as they are; None takes the profile's.
UNCHANGED: Mapping[str, Any] = {"": None}


class OverrideNotFound(DomainError):
    """The customer is billed as the default says already."""

    status = 404
    code = "customer_override_not_found"


class ProfileNotFound(DomainError):
    """There is no such profile to pin a customer to."""

    status = 404
    code = "profile_not_found"


@transaction.atomic
def pin_customer(
    *,
    customer_id: int,
    profile_id: int | None,
    at: datetime,
    spend_thresholds: Mapping[str, Any] | None = UNCHANGED,
) -> CustomerBilling:
    """
    Bill a customer by a profile, or with None by whichever is the default; drafts keep the profile they have.

    :raises ProfileNotFound: if the profile is deleted.
    """
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    # The lock keeps the profile from being deleted meanwhile.
    live = BillingProfile.objects.select_for_update(no_key=True).filter(deleted_at=None)
    if profile_id is not None and not live.filter(pk=profile_id).exists():
        raise ProfileNotFound("Pin the customer to a profile that is not deleted.")
    changes: dict[str, Any] = {"profile_id": profile_id, "updated_at": at}
    if spend_thresholds is not UNCHANGED:
        changes["spend_thresholds"] = spend_thresholds
    billing, _ = CustomerBilling.objects.update_or_create(
        customer=customer, defaults=changes, create_defaults=changes | {"created_at": at}
    )
    return billing


@transaction.atomic
def unpin_customer(*, customer_id: int) -> None:
    """
    Bill a customer as the default profile says again.

    :raises OverrideNotFound: if they are billed so already.
    """
    deleted, _ = CustomerBilling.objects.filter(customer=customer_id).delete()
    if not deleted:
        raise OverrideNotFound(
            "Choose a customer with billing of their own: this one is billed by the default profile."
        )
