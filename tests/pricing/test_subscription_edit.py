"""Edits of a subscription as a whole: when they take effect, and what an item to add has to be."""

import pytest

from pricing.contract_edits import AddPhase, EditForbidden, InvalidEdit, RemoveItem, UnscheduleEdit
from pricing.durations import Duration
from pricing.models import SubscriptionItem
from pricing.services.plans import RateCardInput
from pricing.services.subscriptions.contracts import SecondItem
from pricing.services.subscriptions.edit import AddRateCard, InvalidItem, edit_subscription
from pricing.services.subscriptions.end import cancel_subscription
from pricing.services.subscriptions.start import start_subscription
from pricing.services.subscriptions.states import TransitionNotAllowed
from pricing.services.subscriptions.timing import InvalidTiming
from tests.factories import CustomerFactory, FeatureFactory, SubscriptionItemFactory
from tests.pricing.contract_rows import AT, DAY, FEB_10, big_plan, on_flat, rows, stored
from tests.pricing.contracts_api import fee_card, tokens_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def current():
    return on_flat()


def edit(current, *operations, at=AT + DAY, **others):
    return edit_subscription(subscription_id=current.pk, operations=operations, at=at, **others)


def test_it_edits_at_once_or_at_the_next_cycle_and_takes_the_latter_back(current):
    edit(current, AddRateCard("default", fee_card("25.00")))
    edit(current, AddRateCard("default", fee_card("30.00")), timing="next_billing_cycle")
    assert rows(current) == [("20.00", AT, AT + DAY), ("25.00", AT + DAY, FEB_10), ("30.00", FEB_10, None)]
    edit(current, UnscheduleEdit(), at=AT + 2 * DAY)
    assert rows(current) == [("20.00", AT, AT + DAY), ("25.00", AT + DAY, None)]


def test_it_keeps_the_ids_of_rows_that_stay_what_they_are(current):
    edit(current, AddRateCard("default", fee_card("25.00")), timing="next_billing_cycle")
    first = SubscriptionItem.objects.earliest("active_from")
    edit(current, UnscheduleEdit(), at=AT + 2 * DAY)
    assert SubscriptionItem.objects.get(active_to=None).pk == first.pk
    assert SubscriptionItem.objects.count() == 1  # what was never active is gone


def test_it_keeps_a_row_that_began_at_the_instant_of_the_edit_without_length(current):
    # It may be billed already, in advance.
    edit(current, AddRateCard("default", fee_card("25.00")), at=AT)
    ends = list(SubscriptionItem.objects.order_by("pk").values_list("price__amount", "active_to"))
    assert ends == [("20.00", AT), ("25.00", None)]


def test_it_refuses_a_time_of_its_own_and_the_next_cycle_in_another_phase():
    current = start_subscription(customer_id=CustomerFactory().pk, plan_id=big_plan().pk, at=AT)
    operation = AddRateCard("trial", fee_card("25.00"))
    for timing, message in (
        (FEB_10, "not at a time of its own"),
        ("next_billing_cycle", "Edit immediately: the phase"),
    ):
        with pytest.raises(InvalidTiming, match=message) as refusal:
            edit(current, operation, timing=timing)
        assert refusal.value.status == 400
    assert rows(current) == [("0", AT, AT + 14 * DAY), ("50.00", AT + 14 * DAY, None)]


def test_it_edits_only_what_is_active(current):
    cancel_subscription(subscription_id=current.pk, at=AT + DAY, active_to=FEB_10)
    for at, status in ((AT + DAY, "canceled"), (FEB_10, "inactive"), (AT - DAY, "scheduled")):
        with pytest.raises(TransitionNotAllowed, match=f"transition edit in state {status} not allowed") as refusal:
            edit(current, AddRateCard("default", fee_card("25.00")), at=at)
        assert refusal.value.status == 403
    assert rows(current) == [("20.00", AT, FEB_10)]


@pytest.mark.parametrize(
    ("card", "code", "field"),
    [
        (fee_card(billing_cadence="P1W"), "rate_card_billing_cadence_unaligned", "fee.billingCadence"),
        (
            RateCardInput("usage_based", "gone", "Gone", {"type": "unit", "amount": "1"}, feature_key="gone"),
            "rate_card_feature_not_found",
            "gone.featureKey",
        ),
    ],
)
def test_it_names_what_cannot_be_of_an_item(current, card, code, field):
    with pytest.raises(InvalidItem) as refusal:
        edit(current, AddRateCard("default", card))
    errors = {error["code"]: error["field"] for error in refusal.value.extensions["validationErrors"]}
    assert (refusal.value.status, errors[code]) == (400, f"$.phases[?(@.key=='default')].items.{field}")
    assert rows(current) == [("20.00", AT, None)]


def test_it_changes_nothing_if_one_operation_of_several_fails(current):
    before = stored(current)
    for error, failing in (
        (InvalidEdit, RemoveItem("default", "gone")),
        (EditForbidden, AddPhase("x", "X", Duration())),
    ):
        with pytest.raises(error):
            edit(current, AddRateCard("default", fee_card("25.00")), failing)
        assert stored(current) == before
    with pytest.raises(InvalidEdit, match="key"):
        edit(current, AddPhase("Not a key", "X", Duration(1)))


def test_it_refuses_to_bill_a_feature_twice_at_one_time(current):
    feature = FeatureFactory(key="tokens")
    SubscriptionItemFactory(usage=True, feature=feature, customer=current.customer)
    with pytest.raises(SecondItem) as refusal:
        edit(current, AddRateCard("default", tokens_card(feature)))
    assert (refusal.value.status, rows(current)) == (409, [("20.00", AT, None)])
