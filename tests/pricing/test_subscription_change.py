"""A subscription to one plan from 10 January 2026 at noon gives way to another."""

import pytest

from pricing.models import Subscription, SubscriptionStatus
from pricing.services.plans import PhaseInput, PlanInput
from pricing.services.subscriptions.change import change_subscription
from pricing.services.subscriptions.end import cancel_subscription
from pricing.services.subscriptions.offers import NothingChosen, UnknownPhase
from pricing.services.subscriptions.start import CurrencyMismatch
from pricing.services.subscriptions.states import TransitionNotAllowed
from pricing.services.subscriptions.timing import InvalidTiming
from tests.pricing.contract_rows import AT, DAY, FEB_10, MAR_10, big_plan, on_flat, rows
from tests.pricing.contracts_api import fee_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def current():
    return on_flat()


@pytest.fixture
def big(current):
    return big_plan()


def change(current, big, at=AT + DAY, **others):
    return change_subscription(subscription_id=current.pk, plan_id=big.pk, at=at, **others)


def test_it_ends_one_and_starts_the_other_at_the_same_instant(current, big):
    before, after = change(current, big, name="Bigger", metadata={"team": "a"})
    assert (before.pk, before.active_to, after.active_from) == (current.pk, AT + DAY, AT + DAY)
    assert rows(before) == [("20.00", AT, AT + DAY)]
    assert rows(after) == [("0", AT + DAY, AT + 15 * DAY), ("50.00", AT + 15 * DAY, None)]  # 14 days of trial
    after.refresh_from_db()
    assert (after.supersedes, after.plan, after.name, after.metadata) == (before, big, "Bigger", {"team": "a"})
    assert [each.status(AT + DAY) for each in (before, after)] == [
        SubscriptionStatus.INACTIVE,
        SubscriptionStatus.ACTIVE,
    ]


def test_it_goes_on_in_the_same_periods_unless_another_anchor_is_given(current, big):
    _, after = change(current, big, at=FEB_10 + DAY)
    assert after.billing_anchor == FEB_10  # the bound of 10 January's periods before the change
    _, last = change(after, big, at=FEB_10 + 2 * DAY, billing_anchor=FEB_10 + 2 * DAY)
    assert last.billing_anchor == FEB_10 + 2 * DAY


def test_it_changes_at_the_next_cycle_or_at_a_later_bound_of_the_periods(current, big):
    before, after = change(current, big, timing="next_billing_cycle")
    assert (before.active_to, after.active_from) == (FEB_10, FEB_10)
    assert before.status(AT + DAY) == SubscriptionStatus.CANCELED
    assert after.status(AT + DAY) == SubscriptionStatus.SCHEDULED


@pytest.mark.parametrize("timing", [MAR_10 + DAY, AT, AT - 30 * DAY])
def test_it_refuses_a_time_that_is_no_bound_or_past(current, big, timing):
    with pytest.raises(InvalidTiming) as refusal:
        change(current, big, timing=timing)
    assert (refusal.value.status, refusal.value.extensions["validationErrors"][0]["field"]) == (400, "$.timing")
    assert rows(current) == [("20.00", AT, None)]
    assert change(current, big, timing=MAR_10)[1].active_from == MAR_10


def test_it_refuses_to_change_at_the_instant_of_the_start(current, big):
    with pytest.raises(InvalidTiming, match="Change the subscription after 2026-01-10T12:00:00"):
        change(current, big, at=AT)
    assert Subscription.objects.count() == 1


def test_it_changes_to_a_custom_plan_and_into_a_phase(current, big):
    custom = PlanInput("Acme's", "USD", [PhaseInput([fee_card("7")])])
    _, own = change_subscription(subscription_id=current.pk, custom_plan=custom, at=AT + DAY)
    assert (own.plan, rows(own)) == (None, [("7", AT + DAY, None)])
    _, after = change(own, big, at=AT + 2 * DAY, starting_phase="rest")
    assert rows(after) == [("50.00", AT + 2 * DAY, None)]


def test_it_refuses_what_cannot_be_started_and_changes_nothing(current, big):
    euro = PlanInput("Euro", "EUR", [PhaseInput([fee_card("7")])])
    for error, wanted in (
        (NothingChosen, {}),
        (NothingChosen, {"plan_id": big.pk, "custom_plan": euro}),
        (CurrencyMismatch, {"custom_plan": euro}),
        (UnknownPhase, {"plan_id": big.pk, "starting_phase": "gone"}),
    ):
        with pytest.raises(error) as refusal:
            change_subscription(subscription_id=current.pk, at=AT + DAY, **wanted)
        assert refusal.value.status == 400
    assert (Subscription.objects.count(), rows(current)) == (1, [("20.00", AT, None)])


def test_it_changes_only_what_is_active(current, big):
    cancel_subscription(subscription_id=current.pk, at=AT + DAY, active_to=FEB_10)
    for at, status in ((AT + DAY, "canceled"), (FEB_10, "inactive"), (AT - DAY, "scheduled")):
        with pytest.raises(TransitionNotAllowed, match=f"transition change in state {status} not allowed") as refusal:
            change(current, big, at=at)
        assert refusal.value.status == 403
    assert Subscription.objects.count() == 1
