"""Acts on subscriptions: the exact effect is shown, nothing changes before it is confirmed, then exactly that does."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from metering.admin.display import NOTHING
from metering.history import changes_of
from metering.services.clocks import move_test_clock
from metering.services.customers import create_customer
from pricing.models import Subscription
from pricing.services.subscriptions.addons import add_addon
from pricing.services.subscriptions.change import change_subscription
from tests.console.subscription_world import BEGIN, TODAY, build_subscription, confirm, rows_of, show, stored, url_of

FEBRUARY, MARCH = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
PAID = "20.00 USD in advance, monthly"


@pytest.fixture
def world(db):
    return build_subscription()


def test_it_starts_a_subscription_by_the_customers_clock(console, world):
    customer = create_customer(name="Nadir", key="nadir", currency="USD", test_clock=world.clock, at=BEGIN)
    add = reverse("admin:pricing_subscription_add")
    form = {"customer": customer.pk, "plan": world.pro.pk, "starting_phase": "paid", "change_reason": "Signed"}
    page = show(console, add, form)
    assert rows_of(page) == [("Base fee", "paid", PAID, NOTHING, "from 2026-01-20 on", "new")]
    periods = [
        (NOTHING, "2026-01-20 to 2026-02-20"),
        (NOTHING, "2026-02-20 to 2026-03-20"),
        (NOTHING, "2026-03-20 to 2026-04-20"),
    ]
    assert rows_of(page, "periods") == periods
    assert confirm(console, add, page).status_code == 302
    made = Subscription.objects.get(customer=customer)
    assert (made.active_from, made.items.get().price["amount"]) == (TODAY, "20")
    assert changes_of(made)[0].reason == "Signed"


def test_it_cancels_at_the_end_of_the_billing_period(console, world):
    url = url_of("cancel", world.subscription)
    form = console.get(url).context["form"]
    assert [text for _, text in form.fields["timing"].choices][:3] == [
        "Now",
        "At the end of the billing period, 2026-02-01",
        "At 2026-03-01, where billing periods meet",
    ]
    page = show(console, url, {"timing": "next_billing_cycle"})
    assert rows_of(page) == [("Base fee", "paid", PAID, "from 2026-01-15 on", "2026-01-15 to 2026-02-01", "ends")]
    assert rows_of(page, "periods") == [
        ("2026-01-15 to 2026-02-01", "2026-01-15 to 2026-02-01"),
        ("2026-02-01 to 2026-03-01", NOTHING),
        ("2026-03-01 to 2026-04-01", NOTHING),
    ]
    assert confirm(console, url, page).status_code == 302
    assert Subscription.objects.get().active_to == FEBRUARY


@pytest.mark.parametrize(("timing", "end"), [("immediate", TODAY), (MARCH.isoformat(), MARCH)])
def test_it_cancels_now_or_where_billing_periods_meet(console, world, timing, end):
    url = url_of("cancel", world.subscription)
    assert confirm(console, url, show(console, url, {"timing": timing})).status_code == 302
    assert Subscription.objects.get().active_to == end


def test_it_shows_the_invoices_to_come_before_and_after(console, world):
    page = show(console, url_of("cancel", world.subscription), {"timing": "next_billing_cycle"})
    fifteenth, fee = "Invoice of 2026-01-15", "20.00 USD"
    # The first invoice holds 17 of 31 days at 20.00: 10.97. It stays, and those of February and March are not written.
    assert rows_of(page, "invoices") == [
        (fifteenth, "", "", "10.97 USD", "10.97 USD", NOTHING),
        ("Invoice of 2026-02-01", "", "", fee, NOTHING, "-20.00 USD"),
        ("Base fee", "2026-02-01 to 2026-03-01", "", fee, NOTHING, "-20.00 USD"),
        ("Invoice of 2026-03-01", "", "", fee, NOTHING, "-20.00 USD"),
        ("Base fee", "2026-03-01 to 2026-04-01", "", fee, NOTHING, "-20.00 USD"),
        ("Together", "", "", "50.97 USD", "10.97 USD", "-40.00 USD"),
    ]


def test_it_takes_a_cancellation_back(console, world):
    cancel, back = url_of("cancel", world.subscription), url_of("continue", world.subscription)
    confirm(console, cancel, show(console, cancel, {"timing": "next_billing_cycle"}))
    page = show(console, back, {})
    assert rows_of(page) == [("Base fee", "paid", PAID, "2026-01-15 to 2026-02-01", "from 2026-01-15 on", "goes on")]
    assert confirm(console, back, page).status_code == 302
    assert Subscription.objects.get().active_to is None


def test_it_restores_what_a_change_was_to_follow(console, world):
    change_subscription(
        subscription_id=world.subscription.pk, plan_id=world.team.pk, timing="next_billing_cycle", at=TODAY
    )
    refused = console.post(url_of("continue", world.subscription), {})
    assert "there is one at a time" in str(refused.context["form"].non_field_errors())
    url = url_of("restore", world.subscription)
    confirm(console, url, show(console, url, {}))
    assert Subscription.objects.get().active_to is None


def test_it_refuses_a_second_subscription_beside_the_customer(console, world):
    form = {"customer": world.customer.pk, "plan": world.team.pk}
    page = show(console, reverse("admin:pricing_subscription_add"), form)
    assert "there is one at a time" in str(page.context["form"].errors["customer"])


def test_it_shows_the_effect_again_where_something_changed_meanwhile(console, world):
    url = url_of("cancel", world.subscription)
    page = show(console, url, {"timing": "next_billing_cycle"})
    add_addon(subscription_id=world.subscription.pk, addon_id=world.seats.pk, quantity=1, at=TODAY)
    before = stored()
    again = confirm(console, url, page)
    assert "Something has changed" in again.content.decode()
    assert stored() == before
    assert confirm(console, url, again).status_code == 302


def test_it_takes_an_immediate_effect_at_the_time_it_is_confirmed(console, world):
    url = url_of("cancel", world.subscription)
    page = show(console, url, {"timing": "immediate"})
    later = datetime(2026, 1, 20, 0, 3, tzinfo=UTC)
    move_test_clock(clock_id=world.clock.pk, to=later, at=later)
    assert confirm(console, url, page).status_code == 302
    assert Subscription.objects.get().active_to == later


def test_it_goes_back_to_the_form_with_what_was_chosen(console, world):
    page = show(console, url_of("cancel", world.subscription), {"timing": "immediate", "back": "1"})
    assert page.context["form"]["timing"].value() == "immediate"


def test_it_withdraws_what_has_not_started(console, world):
    change_subscription(
        subscription_id=world.subscription.pk, plan_id=world.team.pk, timing="next_billing_cycle", at=TODAY
    )
    url = url_of("withdraw", Subscription.objects.latest("pk"))
    assert console.get(url).status_code == 200
    assert console.post(url, {}).status_code == 302
    assert Subscription.objects.get().active_to == FEBRUARY


def test_it_withdraws_a_change_that_awaits_payment(console, world):
    change_subscription(subscription_id=world.subscription.pk, plan_id=world.team.pk, activate="on_payment", at=TODAY)
    assert console.post(url_of("withdraw", Subscription.objects.latest("pk")), {}).status_code == 302
    assert Subscription.objects.get().active_to is None


def test_it_marks_a_change_as_paid(console, world):
    change_subscription(subscription_id=world.subscription.pk, plan_id=world.team.pk, activate="on_payment", at=TODAY)
    paid = Subscription.objects.latest("pk")
    later = datetime(2026, 1, 22, tzinfo=UTC)
    move_test_clock(clock_id=world.clock.pk, to=later, at=later)
    page = show(console, url_of("paid", paid), {"change_reason": "Bank transfer"})
    assert rows_of(page) == [
        ("Base fee", "paid", PAID, "from 2026-01-15 on", "2026-01-15 to 2026-01-22", "ends"),
        (
            "Base fee",
            "default, next subscription",
            "50.00 USD in advance, monthly",
            NOTHING,
            "from 2026-01-22 on",
            "new",
        ),
    ]
    assert confirm(console, url_of("paid", paid), page).status_code == 302
    old, new = Subscription.objects.order_by("pk")
    assert (old.active_to, new.active_from, new.awaits_payment) == (later, later, False)
    again = console.post(url_of("paid", paid), {})
    assert "Team does not" in str(again.context["form"].non_field_errors())
