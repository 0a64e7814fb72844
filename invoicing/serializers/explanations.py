"""Why a line costs what it costs, as the API answers it; quantities and amounts are decimals in strings."""

from decimal import Decimal
from typing import Any

from invoicing.line_words import Change
from invoicing.lines import LineState
from invoicing.models import InvoiceLine
from invoicing.queries import LineExplanation, Recomputed
from metering.models import Event
from metering.serializers.events import sent_output
from metering.serializers.fields import present
from metering.spans import Span
from pricing.rating import Step


def explanation_output(line: InvoiceLine, explanation: LineExplanation) -> dict[str, Any]:
    """Return the steps of a line's price, both states, what changed between them, and its usage by day."""
    shown = {
        "lineId": line.ulid,
        "invoiceId": line.invoice.ulid,
        "invoiceNumber": str(line.invoice),
        "name": line.name,
        "cause": line.cause,
        "correctsLineId": line.corrects and line.corrects.ulid,
        "meterSlug": line.meter_version and line.meter_version.meter.slug,
        "filters": line.filters or None,
        "change": explanation.change and _change_output(explanation.change),
    }
    return present(shown) | {
        "currency": line.currency,
        "period": {"from": line.period_start, "to": line.period_end},
        "timeZone": line.invoice.time_zone,
        "quantity": _number(line.quantity),
        "amount": _number(line.amount),
        "steps": [_step_output(step) for step in explanation.steps],
        "adjustments": [
            {"reason": adjustment.reason, "amount": _number(adjustment.amount)}
            for adjustment in explanation.adjustments
        ],
        "before": explanation.before and _state_output(explanation.before),
        "now": explanation.now and _state_output(explanation.now),
        "usageByDay": [
            {"day": day.isoformat(), "quantity": _number(quantity)} for day, quantity in explanation.usage_by_day
        ],
        "eventCount": explanation.event_count,
    }


def recomputed_output(line: InvoiceLine, again: Recomputed) -> dict[str, Any]:
    """Return both results, and in words what is not the same."""
    return {
        "matches": again.matches,
        "differences": list(again.differences),
        "stored": {"quantity": _number(line.quantity), "amount": _number(line.amount)},
        "recomputed": {"quantity": _number(again.quantity), "amount": _number(again.amount)},
        "steps": [_step_output(step) for step in again.steps],
    }


def counted_event_output(event: Event) -> dict[str, Any]:
    """Return an event that a line counted, with when it came."""
    return {"event": sent_output(event), "ingestedAt": event.batch.received_at, "batch": event.batch_id}


def _change_output(change: Change) -> dict[str, Any]:
    return {
        "text": f"{change.text}.",
        "amountBefore": _number(change.before.amount),
        "amountNow": _number(change.now.amount),
        "difference": _number(change.difference),
    }


def _step_output(step: Step) -> dict[str, Any]:
    return {
        "text": step.text,
        "key": step.key,
        "quantity": _number(step.quantity),
        "unitAmount": _number(step.unit_amount),
        "exact": _number(step.exact),
        "amount": _number(step.rounded),
    }


def _state_output(state: LineState) -> dict[str, Any]:
    shown = {
        "batch": state.bound,
        "carriedQuantity": _number(state.carried) if state.stretches else None,
        "chargesCounted": None if state.billed is None else _number(state.billed),
    }
    return present(shown) | {
        "from": state.period.start,
        "to": state.period.end,
        "part": str(state.part),
        "isFinal": state.is_final,
        "quantity": _number(state.quantity),
        "subjects": [_span_output(span) for span in state.spans],
    }


def _span_output(span: Span) -> dict[str, Any]:
    return present({"subject": span.subject, "from": span.start, "to": span.end})


def _number(number: Decimal) -> str:
    return f"{number:f}"
