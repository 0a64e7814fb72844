"""A subscription moves to a newer version of its plan."""

import pytest

from pricing.models import Plan, Subscription
from pricing.services.plans import PhaseInput, PlanInput
from pricing.services.subscriptions.change import ChangeAwaitsPayment, NotMigratable, change_subscription
from pricing.services.subscriptions.change import migrate_subscription as migrate
from pricing.services.subscriptions.end import cancel_subscription
from pricing.services.subscriptions.offers import PlanNotActive
from pricing.services.subscriptions.start import start_subscription
from pricing.services.subscriptions.states import TransitionNotAllowed
from pricing.services.subscriptions.timing import InvalidTiming
from tests.factories import CustomerFactory
from tests.pricing.contract_rows import AT, DAY, FEB_10, MAR_10, on_flat, rows
from tests.pricing.contracts_api import fee_card, flat

pytestmark = pytest.mark.django_db


@pytest.fixture
def current():
    return on_flat(name="Acme's flat", metadata={"team": "a"})


@pytest.fixture
def versions(current):
    """The plan's versions 2 (archived by the third) and 3, on sale when the subscription is a day old."""
    return [flat(amount="25.00", at=AT), flat(amount="30.00", at=AT + DAY / 2)]


def test_it_moves_to_the_version_on_sale_in_the_same_periods(current, versions):
    before, after = migrate(subscription_id=current.pk, at=FEB_10 + DAY)
    assert (after.plan, after.supersedes, after.billing_anchor) == (versions[1], before, FEB_10)
    assert (after.name, after.metadata) == ("Acme's flat", {"team": "a"})
    assert (rows(before), rows(after)) == (
        [("20.00", AT, FEB_10 + DAY)],
        [("30.00", FEB_10 + DAY, None)],
    )


def test_it_moves_to_a_version_that_is_archived_and_at_the_next_cycle(current, versions):
    before, after = migrate(subscription_id=current.pk, at=AT + DAY, target_version=2, timing="next_billing_cycle")
    assert (after.plan, before.active_to, rows(after)) == (versions[0], FEB_10, [("25.00", FEB_10, None)])


def test_it_moves_to_no_version_that_is_not_newer_or_not_published(current, versions):
    Plan.objects.filter(pk=versions[0].pk).update(deleted_at=AT)
    for version in (1, 2, 4):
        with pytest.raises(NotMigratable, match="Choose a published version of 'flat' above 1") as refusal:
            migrate(subscription_id=current.pk, at=AT + DAY, target_version=version)
        assert (refusal.value.status, refusal.value.code) == (400, "subscription_not_migratable")
    _, newest = migrate(subscription_id=current.pk, at=AT + DAY)
    with pytest.raises(NotMigratable, match="above 3"):
        migrate(subscription_id=newest.pk, at=AT + 2 * DAY)
    assert (rows(newest), Subscription.objects.count()) == ([("30.00", AT + DAY, None)], 2)


def test_it_needs_a_version_on_sale_where_none_is_named(current, versions):
    Plan.objects.filter(pk=versions[1].pk).update(effective_to=AT + DAY)
    with pytest.raises(PlanNotActive, match="Publish a version of the plan 'flat' first"):
        migrate(subscription_id=current.pk, at=AT + DAY)
    assert migrate(subscription_id=current.pk, at=AT + DAY, target_version=3)[1].plan == versions[1]


def test_it_moves_no_custom_plan():
    custom = PlanInput("Own", "USD", [PhaseInput([fee_card("7")])])
    own = start_subscription(customer_id=CustomerFactory().pk, custom_plan=custom, at=AT)
    with pytest.raises(NotMigratable, match="it was made from a custom one, which has no versions"):
        migrate(subscription_id=own.pk, at=AT + DAY)


def test_it_moves_only_what_is_active_and_awaits_no_payment(current, versions):
    newest = versions[1]
    change_subscription(subscription_id=current.pk, plan_id=newest.pk, at=AT + DAY, activate="on_payment")
    with pytest.raises(ChangeAwaitsPayment):
        migrate(subscription_id=current.pk, at=AT + DAY)
    cancel_subscription(subscription_id=current.pk, at=AT + DAY, active_to=FEB_10)
    with pytest.raises(TransitionNotAllowed, match="transition migrate in state canceled not allowed"):
        migrate(subscription_id=current.pk, at=AT + DAY)


def test_it_moves_at_bounds_of_its_periods_alone(current, versions):
    with pytest.raises(InvalidTiming, match="where billing periods meet"):
        migrate(subscription_id=current.pk, at=AT + DAY, timing=FEB_10 + DAY)
    assert migrate(subscription_id=current.pk, at=AT + DAY, timing=MAR_10)[1].active_from == MAR_10
