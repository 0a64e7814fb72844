"""Where events were billed, as their verdicts show it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from invoicing.queries.event_bills import EventBill, bills_of_events
from metering.models import Event
from metering.serializers.fields import present


def event_bills_output(events: Sequence[Event]) -> dict[UUID, list[dict[str, Any]]]:
    """Return where each event was billed, by event key."""
    return {key: [_bill_output(bill) for bill in bills] for key, bills in bills_of_events(events).items()}


def _bill_output(bill: EventBill) -> dict[str, Any]:
    line = bill.line
    named = {
        "featureKey": bill.feature and bill.feature.key,
        "invoiceId": line and line.invoice.ulid,
        "invoiceNumber": line and str(line.invoice),
        "lineId": line and line.ulid,
    }
    return {"state": bill.state} | present(named)
