"""Change how a seller is named on invoices, and when its invoices are made and due."""

from datetime import datetime
from typing import Any

from django.db import transaction

from invoicing.models import BillingProfile

_CHANGEABLE = frozenset(
    {
        "name",
        "supplier_name",
        "supplier_tax_id",
        "supplier_address",
        "number_prefix",
        "collection_interval",
        "due_after",
    }
)


@transaction.atomic
def change_seller(*, profile_id: int, at: datetime, **changes: Any) -> BillingProfile:
    """Change the named fields of a billing profile; invoices that are issued keep what they say."""
    if unknown := changes.keys() - _CHANGEABLE:
        raise TypeError(f"A billing profile has no field {', '.join(sorted(unknown))} to change.")
    profile = BillingProfile.objects.select_for_update().get(pk=profile_id)
    for field, value in changes.items():
        setattr(profile, field, value)
    profile.updated_at = at
    profile.save(update_fields=[*changes, "updated_at"])
    return profile
