"""Corrections from the console: figures first, then a reason, then the service."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from metering.history import actor, changes_of
from metering.models import Correction, CorrectionStatus, Event, EventVoid, SubjectLink
from metering.queries.usage import total_usage
from metering.services.amendments import amend_event
from metering.services.corrections import void_events
from metering.services.customers import create_customer, link_subject
from tests.metering.corrected import AT, NOON, named, store, tokens, tokens_meter, usage, void

pytestmark = pytest.mark.django_db
MATCHING = "admin:metering_event_void_matching_action"
WHY = {"change_reason": "Sent by mistake"}


def page_of(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def address(row, name):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=(row.pk,))


@pytest.fixture
def three():
    """A SUM meter, and events of 10, 20 and 40 tokens of acme, the last one an hour later."""
    meter = tokens_meter()
    create_customer(name="Acme", key="acme", at=AT)
    store(tokens(1, 10), tokens(2, 20), tokens(3, 40, time="2026-01-05T13:00:00Z"))
    return meter


def test_chosen_events_are_shown_with_what_they_amount_to_then_voided(console, three, operator):
    keys = Event.objects.filter(event_id__in=["1", "2"]).values_list("pk", flat=True)
    chosen = {"action": "void_selected", "_selected_action": [str(key) for key in keys]}
    url = console.post(reverse("admin:metering_event_changelist"), chosen)["Location"]
    shown = page_of(console.get(url))
    # 10 + 20
    assert ">30<" in shown
    assert "Acme (acme)" in shown
    assert "Void 2 events" in shown
    assert (usage(three), EventVoid.objects.count()) == (70, 0)
    done = console.post(url, {"seen": 2, **WHY})
    correction = Correction.objects.get()
    assert done["Location"] == address(correction, "change")
    assert (correction.reason, correction.voided, usage(three)) == ("Sent by mistake", 2, 40)
    change = changes_of(correction)[-1]
    assert (change.actor, change.reason) == (operator.email, "Sent by mistake")


def test_the_list_and_the_page_say_who_asked_for_a_correction(console, three, operator):
    with actor(kind="api_key", name="Nightly job", reason="Test data"):
        void(1)
    console.post(f"{reverse(MATCHING)}?subject=acme&event_id=2", {"seen": 1, **WHY})
    listed = console.get(reverse("admin:metering_correction_changelist"))
    assert [row.made_by for row in listed.context["cl"].result_list] == [operator.email, "Nightly job"]
    assert "Nightly job" in page_of(listed)
    assert "Nightly job" in page_of(console.get(address(Correction.objects.earliest("pk"), "change")))


def test_all_that_match_the_list_are_voided_from_its_button(console, three):
    listed = page_of(console.get(reverse("admin:metering_event_changelist"), {"subject": "acme"}))
    assert f"{reverse(MATCHING)}?subject=acme" in listed
    narrowed = {"subject": "acme", "time_from_0": "2026-01-05", "time_from_1": "", "time_to_0": "2026-01-05"}
    assert "Void 3 events" in page_of(console.get(reverse(MATCHING), narrowed))
    narrowed |= {"time_to_1": "13:00:00"}
    assert "Void 2 events" in page_of(console.get(reverse(MATCHING), narrowed))
    console.post(f"{reverse(MATCHING)}?subject=acme&time_from_0=2026-01-05&time_from_1=12:30", {"seen": 1, **WHY})
    assert usage(three) == 30
    assert Correction.objects.get().filter == {"subject": "acme", "from": "2026-01-05T12:30:00Z"}


def test_a_list_that_a_void_cannot_follow_is_not_voided(console, three):
    url = f"{reverse(MATCHING)}?subject=acme&verdict=bad_value"
    assert "A void cannot be narrowed by verdict" in page_of(console.get(url))
    assert "A void cannot be narrowed by verdict" in page_of(console.post(url, {"seen": 3, **WHY}))
    assert "Void 3" not in page_of(console.get(reverse(MATCHING)))
    assert not Correction.objects.exists()


def test_who_names_no_events_is_told_to(console, three):
    says = "Name the events: by source and id"
    assert says not in page_of(console.get(reverse(MATCHING)))
    assert says in page_of(console.get(reverse(MATCHING), {"type": "", "subject": "", "time_from_0": ""}))


def test_it_asks_for_a_reason_and_to_look_again_where_figures_changed(console, three):
    url = f"{reverse(MATCHING)}?subject=acme"
    assert "This field is required" in page_of(console.post(url, {"seen": 3}))
    store(tokens(4, 80))
    assert "Look at the figures again" in page_of(console.post(url, {"seen": 3, **WHY}))
    assert "Void 4 events" in page_of(console.get(url))
    assert not Correction.objects.exists()


def test_one_event_is_amended_restored_and_shown_what_is_possible(console, three):
    event = Event.objects.get(event_id="1")
    assert address(event, "amend_action") in page_of(console.get(address(event, "change")))
    form = {
        "event_data": '{"tokens": 0.10}',
        "time_0": "2026-01-05",
        "time_1": "12:00:00",
        "subject": "acme",
        "type": "tokens",
        "id": "",
    }
    refused = console.post(address(event, "amend_action"), {**form, "event_data": "{", **WHY})
    assert "Write JSON" in page_of(refused)
    console.post(address(event, "amend_action"), {**form, **WHY})
    assert usage(three) == Decimal("60.1")
    assert "because of Amendment" in page_of(console.post(address(event, "restore_action"), WHY))
    other = Event.objects.get(event_id="2")
    void(2)
    shown = page_of(console.get(address(other, "change")))
    assert address(other, "restore_action") in shown
    assert address(other, "amend_action") not in shown
    console.post(address(other, "restore_action"), WHY)
    assert usage(three) == Decimal("60.1")


def test_a_correction_is_undone_after_its_effect_is_shown(console, three):
    correction = void_events(events=named(1, 3), reason="Test", at=AT)
    shown = page_of(console.get(address(correction, "undo_action")))
    assert "2 events that this made void count again. That brings back 50 on tokens." in shown
    console.post(address(correction, "undo_action"), {"change_reason": "It was right"})
    correction.refresh_from_db()
    assert (correction.status, correction.undo_reason, usage(three)) == (CorrectionStatus.UNDONE, "It was right", 70)
    assert address(correction, "undo_action") not in page_of(console.get(address(correction, "change")))


def test_the_page_of_an_amendment_names_both_events(console, three):
    correction = amend_event(source="tests", event_id="1", replacement={"data": {"tokens": 4}}, reason="Wrong", at=AT)
    shown = page_of(console.get(address(correction, "change")))
    for event_id in ("1", "1/amended-1"):
        assert address(Event.objects.get(event_id=event_id), "change") in shown
    assert address(correction.batches.get(), "change") in shown


def test_a_subject_is_moved_and_its_link_ended(console, three):
    acme, globex = create_customer(name="Roe", key="roe", at=AT), create_customer(name="Globex", key="globex", at=AT)
    link_subject(customer_id=acme.pk, subject_key="device", at=AT)
    subject = SubjectLink.objects.get(subject__key="device").subject
    assert address(subject, "move_action") in page_of(console.get(address(acme, "change")))
    assert "Its events are Roe&#x27;s for ever." in page_of(console.get(address(subject, "move_action")))
    at = {"from_at_0": "2026-01-05", "from_at_1": "12:00:00"}
    console.post(address(subject, "move_action"), {"customer": globex.pk, **at, **WHY})
    current = SubjectLink.objects.known_at(None).filter(subject=subject).order_by("pk")
    assert [(link.customer, link.from_at, link.to_at) for link in current] == [
        (acme, None, NOON),
        (globex, NOON, None),
    ]
    again = console.post(address(subject, "move_action"), {"customer": globex.pk, **at, **WHY})
    assert "from then on already" in page_of(again)
    console.post(address(subject, "end_action"), {"from_at_0": "2026-01-05", "from_at_1": "13:00:00", **WHY})
    assert current.get(customer=globex).to_at == NOON + timedelta(hours=1)
    assert total_usage(version=three.current_version, start=None, end=None) == 70
