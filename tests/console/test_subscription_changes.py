"""Another plan, a newer version, add-ons: the exact effect is shown, and nothing changes before it is confirmed."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from metering.admin.display import NOTHING
from pricing.models import Subscription
from tests.console.subscription_world import (
    TODAY,
    build_subscription,
    confirm,
    publish_next_version,
    rows_of,
    show,
    url_of,
)

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
PAID = "20.00 USD in advance, monthly"


@pytest.fixture
def world(db):
    return build_subscription()


@pytest.mark.parametrize(
    ("timing", "start", "day"), [("immediate", TODAY, "2026-01-20"), ("next_billing_cycle", FEBRUARY, "2026-02-01")]
)
def test_it_changes_the_plan(console, world, timing, start, day):
    url = url_of("change", world.subscription)
    page = show(console, url, {"plan": world.team.pk, "timing": timing})
    assert rows_of(page) == [
        ("Base fee", "paid", PAID, "from 2026-01-15 on", f"2026-01-15 to {day}", "ends"),
        ("Base fee", "default, next subscription", "50.00 USD in advance, monthly", NOTHING, f"from {day} on", "new"),
    ]
    assert confirm(console, url, page).status_code == 302
    old, new = Subscription.objects.order_by("pk")
    assert (old.active_to, new.active_from, new.plan, new.supersedes) == (start, start, world.team, old)


def test_it_changes_the_plan_once_that_is_paid(console, world):
    url = url_of("change", world.subscription)
    page = show(console, url, {"plan": world.team.pk, "timing": "on_payment"})
    assert "Until it is paid, everything stays as it is." in page.content.decode()
    confirm(console, url, page)
    old, new = Subscription.objects.order_by("pk")
    assert (old.active_to, new.awaits_payment, new.items.count()) == (None, True, 0)
    shown = console.get(reverse("admin:pricing_subscription_change", args=(old.pk,))).content.decode()
    assert "takes over once it is paid" in shown
    awaiting = console.get(reverse("admin:pricing_subscription_change", args=(new.pk,)))
    assert "bills nothing until then" in awaiting.content.decode()
    assert [lane.name for lane in awaiting.context["timeline"].lanes] == ["Phases", "Base fee"]


def test_it_migrates_to_a_newer_version(console, world):
    newer = publish_next_version(world.pro)
    url = url_of("migrate", world.subscription)
    page = show(console, url, {"version": "2", "timing": "next_billing_cycle", "starting_phase": "paid"})
    assert rows_of(page)[1] == ("Base fee", "paid, next subscription", PAID, NOTHING, "from 2026-02-01 on", "new")
    confirm(console, url, page)
    assert Subscription.objects.latest("pk").plan == newer


def test_it_adds_an_add_on_and_changes_its_quantity(console, world):
    url = url_of("add_on", world.subscription)
    page = show(console, url, {"addon": world.seats.pk, "quantity": "2", "timing": "immediate"})
    assert rows_of(page) == [
        ("Base fee", "paid", PAID, "from 2026-01-15 on", "from 2026-01-15 on", "stays"),
        # 2 x 5.00 a month.
        ("Seats", "paid", "10.00 USD in advance, monthly", NOTHING, "from 2026-01-20 on", "new"),
    ]
    confirm(console, url, page)
    taken = world.subscription.addons.get()
    url = url_of("quantity", world.subscription)
    page = show(console, url, {"addon": taken.pk, "quantity": "3", "timing": "next_billing_cycle"})
    assert rows_of(page)[1:] == [
        ("Seats", "paid", "10.00 USD in advance, monthly", "from 2026-01-20 on", "2026-01-20 to 2026-02-01", "ends"),
        # 3 x 5.00 a month.
        ("Seats", "paid", "15.00 USD in advance, monthly", NOTHING, "from 2026-02-01 on", "new"),
    ]
    confirm(console, url, page)
    assert list(taken.quantities.order_by("effective_at").values_list("effective_at", "quantity")) == [
        (TODAY, 2),
        (FEBRUARY, 3),
    ]


@pytest.mark.parametrize(
    ("act", "form", "field", "sentence"),
    [
        ("change", {"timing": "immediate", "starting_phase": "nowhere"}, "starting_phase", "instead of nowhere"),
        ("change", {"timing": "2026-02-15"}, "timing", "Select a valid choice"),
        ("cancel", {"timing": "2025-02-01"}, "timing", "Select a valid choice"),
        ("add_on", {"timing": "immediate", "quantity": "11"}, "quantity", "Take up to 10 of Extra seats"),
    ],
)
def test_it_says_what_is_refused_beside_the_field(console, world, act, form, field, sentence):
    page = show(console, url_of(act, world.subscription), {"plan": world.team.pk, "addon": world.seats.pk} | form)
    assert sentence in str(page.context["form"].errors[field])
