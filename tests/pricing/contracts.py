"""What the pure tests of contracts begin with: three phases from 31 January 2026, and what they come to."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pricing.contract import Contract, PhaseTerms, phases_from
from pricing.contract_addons import TakenAddon, spans_of, with_addons
from pricing.contract_edits import edited
from pricing.durations import parse_duration
from pricing.schedule import planned_items, planned_phases
from pricing.terms import Terms

ZULU = ZoneInfo("UTC")


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


START = utc(2026, 1, 31)
UNIT = {"type": "unit", "amount": "0.10"}


def flat(key, amount="20", **fields):
    return Terms("flat_fee", key, key.title(), price={"type": "flat", "amount": amount}, **fields)


def contract(*phases, start=START, zone=ZULU, **fields):
    """Agree on phases of a key, a duration in ISO 8601 and terms each; by default a trial, a ramp and the rest."""
    given = phases or [
        ("trial", "P1M", [flat("fee", "0")]),
        ("ramp", "P1M", [flat("fee", "10")]),
        ("rest", None, [flat("fee")]),
    ]
    sold = [
        PhaseTerms(key, key.title(), parse_duration(text) if text else None, tuple(terms)) for key, text, terms in given
    ]
    return Contract(start, phases_from(sold, start=start, zone=zone), **fields)


def starts(agreed):
    """Return when each phase starts."""
    return {phase.key: phase.starts_at for phase in agreed.phases}


def spans(agreed):
    """Return from when to when each phase runs within the contract."""
    return [(phase.key, phase.active_from, phase.active_to) for phase in planned_phases(agreed)]


def rows(agreed, key="fee"):
    """Return phase, amount, start and end of each item of a key that has any length."""
    return [
        (item.phase_key, item.terms.price["amount"], item.active_from, item.active_to)
        for item in planned_items(agreed)
        if item.terms.key == key
    ]


def refused(error, agreed, *operations, at, zone=ZULU):
    """Return status, code, message and place of the refusal of operations."""
    with pytest.raises(error) as refusal:
        edited(agreed, operations, at=at, zone=zone)
    raised = refusal.value
    place = raised.extensions["validationErrors"][-1]["field"]
    return raised.status, raised.code, raised.message, place


def taken(*terms, quantities=((START, 1),), name="Extra"):
    return TakenAddon(name, terms, spans_of(quantities))


def metered(issued=None, period="P1M"):
    template = {"type": "metered", "isSoftLimit": True, "usagePeriod": period}
    return template if issued is None else {**template, "issueAfterReset": issued}


def tokens(**fields):
    return Terms("usage_based", "tokens", "Tokens", **{"feature_id": 1, "price": UNIT, **fields})


def combined(base, card, quantity=1):
    """Return the one item that terms and an add-on of them come to."""
    (item,) = planned_items(
        with_addons(contract(("only", None, [base])), [taken(card, quantities=[(START, quantity)])])
    )
    return item.terms
