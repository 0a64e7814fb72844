"""The page of a subscription: its timeline, its changes, and what may be done with it."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from metering.history import actor
from metering.services.customers import create_customer
from pricing.models import Subscription
from pricing.services.plan_inputs import PlanInput
from pricing.services.plans import PhaseInput
from pricing.services.subscriptions.addons import add_addon, change_addon_quantity
from pricing.services.subscriptions.start import start_subscription
from tests.console.subscription_world import BEGIN, TODAY, build_subscription, flat
from tests.factories import AddonQuantityFactory, SubscriptionAddonFactory


@pytest.fixture
def world(db):
    return build_subscription()


def page_of(console, subscription):
    return console.get(reverse("admin:pricing_subscription_change", args=(subscription.pk,)))


def take_seats(world):
    taken = add_addon(subscription_id=world.subscription.pk, addon_id=world.seats.pk, quantity=3, at=TODAY)
    change_addon_quantity(subscription_addon_id=taken.pk, quantity=5, at=TODAY, timing="next_billing_cycle")


def test_it_draws_phases_items_and_add_ons_to_scale(console, world):
    take_seats(world)
    timeline = page_of(console, world.subscription).context["timeline"]
    drawn = {lane.name: [bar.text for bar in lane.bars] for lane in timeline.lanes}
    assert drawn == {
        "Phases": ["Trial", "Paid"],
        "Base fee": ["0.00 USD", "20.00 USD"],
        "Seats": ["15.00 USD", "25.00 USD"],
        "Extra seats": ["3 \N{MULTIPLICATION SIGN}", "5 \N{MULTIPLICATION SIGN}"],
    }
    # 1 January to 1 February are 31 days, and a fifth is added: 37.2. The trial takes 14, today is 19 from the start.
    trial, paid = timeline.lanes[0].bars
    assert (trial.x, trial.width, paid.x) == ("0.000%", "37.634%", "37.634%")
    assert [(mark.text, mark.x) for mark in timeline.marks] == [("Today", "51.075%")]
    assert (trial.kind, paid.kind) == ("timeline-phase timeline-over", "timeline-phase timeline-now")


def test_it_says_the_same_as_a_table(console, world):
    take_seats(world)
    page = page_of(console, world.subscription)
    rows = [tuple(str(value) for _, value in row.cells) for row in page.context["timeline"].rows]
    assert [(row[0], *row[2:]) for row in rows] == [
        ("Phase", "", "2026-01-01", "2026-01-15", "over"),
        ("Phase", "", "2026-01-15", "open", "now"),
        ("Item of Trial", "0.00 USD in advance, monthly", "2026-01-01", "2026-01-15", "over"),
        ("Item of Paid", "20.00 USD in advance, monthly", "2026-01-15", "open", "now"),
        ("Item of Paid", "15.00 USD in advance, monthly", "2026-01-20", "2026-02-01", "now"),
        ("Item of Paid", "25.00 USD in advance, monthly", "2026-02-01", "open", "planned"),
        ("Add-on", "quantity 3", "2026-01-20", "2026-02-01", "now"),
        ("Add-on", "quantity 5", "2026-02-01", "open", "planned"),
    ]
    assert 'role="table"' in page.content.decode()


def test_it_lists_who_changed_what_and_why(console, world):
    with actor(kind="api_key", name="crm", reason="Seats by phone"):
        add_addon(subscription_id=world.subscription.pk, addon_id=world.seats.pk, quantity=3, at=TODAY)
    seats, *_, agreed = page_of(console, world.subscription).context["changes"]
    assert (seats.actor, seats.reason) == ("crm", "Seats by phone")
    assert seats.sentences == [
        "Seats: 15.00 USD in advance, monthly; from 2026-01-20 on.",
        "Add-on Extra seats taken.",
        "Extra seats: quantity 3 from 2026-01-20 on.",
    ]
    assert agreed.sentences[0] == "Agreed: Pro, from 2026-01-01 on."


def test_it_shows_a_plan_made_for_one_customer_alone(console, world):
    customer = create_customer(name="Nadir", key="nadir", currency="EUR", test_clock=world.clock, at=BEGIN)
    given = PlanInput(key="own", name="Own", currency="EUR", phases=[PhaseInput([flat("base_fee", "7", "Base fee")])])
    made = start_subscription(customer_id=customer.pk, custom_plan=given, at=TODAY)
    page = page_of(console, made).content.decode()
    assert "made for this customer alone" in page
    assert "/migrate" not in page
    listed = console.get(reverse("admin:metering_customer_change", args=(customer.pk,)))
    assert reverse("admin:pricing_subscription_change", args=(made.pk,)) in listed.content.decode()


def test_it_offers_only_what_the_state_allows(console, world):
    page = page_of(console, world.subscription).content.decode()
    offered = {path for path in ("change-plan", "cancel", "continue", "restore", "quantity") if f"/{path}" in page}
    assert offered == {"change-plan", "cancel"}


def test_it_reads_a_subscription_with_add_ons_by_a_fixed_number_of_queries(
    console, world, django_assert_max_num_queries
):
    take_seats(world)
    page_of(console, world.subscription)
    with django_assert_max_num_queries(60):
        page_of(console, world.subscription)


def test_it_lists_what_awaits_payment_apart(console, world):
    later = Subscription.objects.create(
        **{
            field.attname: getattr(world.subscription, field.attname)
            for field in Subscription._meta.concrete_fields
            if field.name not in ("id", "ulid", "supersedes", "awaits_payment")
        },
        supersedes=world.subscription,
        awaits_payment=True,
    )
    listed = console.get(reverse("admin:pricing_subscription_changelist"), {"state": "awaiting"})
    assert [row.pk for row in listed.context["cl"].result_list] == [later.pk]


def test_it_shows_add_ons_of_subscriptions(console):
    taken = SubscriptionAddonFactory()
    page = console.get(reverse("admin:pricing_subscriptionaddon_change", args=(taken.pk,)))
    assert "Quantities" in page.content.decode()


@pytest.mark.parametrize("year", [2130, 6000, 9999])
def test_it_draws_what_lies_near_the_end_of_the_calendar(console, world, year):
    taken = add_addon(subscription_id=world.subscription.pk, addon_id=world.seats.pk, quantity=3, at=TODAY)
    AddonQuantityFactory(
        subscription_addon=taken, quantity=5, effective_at=datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    )
    timeline = page_of(console, world.subscription).context["timeline"]
    assert timeline.lanes[-1].bars[0].text == "3 \N{MULTIPLICATION SIGN}"
