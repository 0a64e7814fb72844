"""The audit agrees with every way to correct, and names a correction that is not what it says."""

import pytest
from django.db import connection

from metering.audit import CHECKS, Scope
from metering.models import Correction
from metering.queries.event_filter import EventFilter
from metering.services import corrections
from metering.services.amendments import amend_event
from metering.services.corrections import restore_event, undo_correction, void_events
from tests.metering.corrected import AT, roll_up, store, tokens, tokens_meter, void

pytestmark = pytest.mark.django_db


def findings():
    return [str(finding) for check in CHECKS for finding in check.find(Scope(at=AT))]


def amend(event_id):
    named = {"source": "tests", "event_id": event_id, "reason": "Wrong", "at": AT}
    return amend_event(replacement={"data": {"tokens": 1}}, **named)


def undo(correction):
    return undo_correction(correction_id=correction.pk, reason="Right", at=AT)


@pytest.fixture
def world(monkeypatch):
    """Corrections of every kind and status: done, running, half undone, undone, in part restored, amended twice."""
    tokens_meter()
    store(*(tokens(n, n, type="tokens" if n < 20 else "other") for n in range(30)))
    roll_up()
    void(1, 2, 3)
    undo(void(4, 5))
    restore_event(source="tests", event_id="2", reason="Right", at=AT)
    amend("6")
    amend("6/amended-1")
    undo(amend("7"))
    monkeypatch.setattr(corrections, "MOST_EVENTS", 3)
    void_events(events=EventFilter(type="tokens"), reason="Test data", at=AT)
    undo(void_events(events=EventFilter(type="other"), reason="Test data", at=AT))


@pytest.mark.parametrize("when", ["before roll-up", "after roll-up"])
def test_it_finds_nothing_after_any_correction(world, when):
    if when == "after roll-up":
        roll_up()
    assert {(found.kind, found.status) for found in Correction.objects.all()} == {
        ("void", "done"),
        ("void", "undone"),
        ("void", "running"),
        ("void", "undoing"),
        ("restore", "done"),
        ("amendment", "done"),
        ("amendment", "undone"),
    }
    assert findings() == []


_FIRST = "(SELECT min(id) FROM metering_correction)"
_AMENDED = "(SELECT min(id) FROM metering_correction WHERE kind = 'amendment')"
_VOID_OF = """
    voided_batch_id IN (SELECT id FROM metering_batch WHERE correction_id = {} AND kind IN ('void', 'amendment'))
"""
CORRUPTIONS = [
    (f"UPDATE metering_correction SET voided = 2 WHERE id = {_FIRST}", "expected 3 voided, 1 restored, found 2 voided"),
    (f"DELETE FROM metering_eventvoid WHERE {_VOID_OF.format(_FIRST)}", "found 3 voided, 1 restored"),
    (f"UPDATE metering_correction SET matched = 9 WHERE id = {_FIRST}", "it says done, and events are left"),
    (f"UPDATE metering_correction SET status = 'undone' WHERE id = {_FIRST}", "it says undone, and events are left"),
    (f"DELETE FROM metering_eventvoid WHERE {_VOID_OF.format(_AMENDED)}", "0 originals void"),
    (
        "UPDATE metering_correction SET status = 'done' WHERE kind = 'amendment' AND status = 'undone'",
        "0 originals void, 1 replacements void",
    ),
]


@pytest.mark.parametrize(("statement", "says"), CORRUPTIONS)
def test_it_names_the_correction(world, statement, says):
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert [found for found in findings() if says in found]
