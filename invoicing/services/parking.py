"""Customers whose bill cannot go out are parked: no run bills them until somebody looked at the reason."""

from datetime import datetime

from django.db import transaction

from invoicing.models import BillingRun, Invoice, ParkedCustomer
from metering.errors import DomainError

UNEXPECTED = "unexpected_error"


class BillOutOfBounds(DomainError):
    """A bill that must not go out; a person has to look at it."""

    status = 409
    code = "invoice_out_of_bounds"


def check_total(invoice: Invoice) -> None:
    """
    Do nothing if a bill comes to no more than its profile allows, below zero to no less than as much.

    :raises BillOutOfBounds: if not.
    """
    largest = invoice.profile.largest_total
    if largest is not None and abs(invoice.total) > largest:
        raise BillOutOfBounds(
            f"Check the usage and prices of {invoice.customer.name}: the bill of {invoice.billed_at.isoformat()} "
            f"comes to {invoice.total:f} {invoice.currency}, more than {largest:f}."
        )


@transaction.atomic
def park_customer(*, customer_id: int, run: BillingRun | None, error: Exception, at: datetime) -> ParkedCustomer:
    """Park a customer for an error; one who is parked already keeps that, with the newest reason."""
    found, _ = ParkedCustomer.objects.update_or_create(
        customer_id=customer_id,
        released_at=None,
        create_defaults={"parked_at": at, **_reason(error), "run": run},
        defaults={**_reason(error), "run": run},
    )
    return found


@transaction.atomic
def release_customer(*, customer_id: int, at: datetime) -> bool:
    """Let the next run bill a customer again; tell whether they were parked."""
    parked = ParkedCustomer.objects.select_for_update().filter(customer=customer_id, released_at=None)
    return bool(parked.update(released_at=at))


def reason_of(error: Exception) -> str:
    """Return an error as a sentence for whoever looks at it."""
    return error.message if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"


def _reason(error: Exception) -> dict[str, object]:
    code = error.code if isinstance(error, DomainError) else UNEXPECTED
    return {"code": code, "reason": reason_of(error), "is_unexpected": code == UNEXPECTED}
