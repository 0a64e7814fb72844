"""Whatever happens to subscriptions in whatever order: no time is billed twice or left out, and the past stays."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from pricing.models import Subscription
from pricing.models import SubscriptionStatus as Status
from pricing.services.subscriptions import change, edit, end, start
from pricing.services.subscriptions.timing import cancel_at
from tests.factories import CustomerFactory
from tests.pricing.life_addons import AddonActs, anyone, cycles
from tests.pricing.life_catalogue import open_catalogue
from tests.pricing.life_edits import edits
from tests.pricing.life_machine import Acts
from tests.pricing.life_model import stored

DAY = timedelta(days=1)
STARTS = [datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 28, 23, 30, tzinfo=UTC),
          datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)]  # fmt: skip
ANCHORS = [None, datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
ZONES = ["UTC", "Europe/Paris", "America/Los_Angeles", "Australia/Lord_Howe"]
PHASES = ["trial", "ramp", "main", "default", "late"]
keys = st.sampled_from(PHASES)
plans = st.sampled_from(["pro 1", "pro 1", "pro 2", "max", None])


class Edits(Acts):
    @initialize(zone=st.sampled_from(ZONES), at=st.sampled_from(STARTS), anchor=st.sampled_from(ANCHORS),
                plan=st.sampled_from(["pro 1", "pro 1", "max"]))  # fmt: skip
    def begin(self, zone, at, anchor, plan):
        self.at = at
        self.customer = CustomerFactory(currency="USD", time_zone=zone)
        self.before = stored()
        self.make(plan, anchor, 0, None)
        self.at += DAY

    def make(self, plan, anchor, days, phase):
        given = self.offered(plan) | {"billing_anchor": anchor, "starting_phase": phase}
        begin = self.at + days * DAY
        made = self.act(start.start_subscription, customer_id=self.customer.pk,
                        active_from=begin, **given)  # fmt: skip
        self.born(made)

    @rule(days=st.sampled_from([0, 1, 3, 14, 31, 45]), seconds=st.sampled_from([0, 1, 86_399]))
    def pass_time(self, days, seconds):
        self.at += days * DAY + timedelta(seconds=seconds)

    @precondition(lambda self: self.is_any(Status.ACTIVE))
    @rule(who=anyone, timing=cycles, data=st.data())
    def edit(self, who, timing, data):
        one = self.one(who, where=lambda one: not self.lives[one.pk].has_addons(self.at))
        timing, edit_time = self.edit_timing(who, one, timing)
        wanted = data.draw(edits(one.agreed, edit_time, self.sold.cards))
        if self.act(edit.edit_subscription, subscription_id=one.pk, operations=wanted,
                    timing=timing):  # fmt: skip
            starts = {phase.key: phase.starts_at for phase in Subscription.objects.get(pk=one.pk).agreed.phases}
            self.lives[one.pk].edit(wanted, starts, edit_time)


class Lives(Edits, AddonActs):
    @rule(plan=plans, anchor=st.sampled_from(ANCHORS), days=st.integers(-40, 40), phase=st.none() | keys)
    def start(self, plan, anchor, days, phase):
        self.make(plan, anchor, days, phase)

    @precondition(lambda self: self.is_any(Status.ACTIVE))
    @rule(who=anyone, timing=cycles)
    def cancel(self, who, timing):
        one = self.one(who)
        self.act(end.cancel_subscription, subscription_id=one.pk,
                 active_to=cancel_at(one, timing, at=self.at))  # fmt: skip

    @precondition(lambda self: self.is_any(Status.CANCELED))
    @rule(who=anyone)
    def unschedule(self, who):
        self.act(end.unschedule_cancelation, subscription_id=self.one(who, Status.CANCELED).pk)

    @precondition(lambda self: self.is_any(Status.CANCELED))
    @rule(who=anyone)
    def restore(self, who):
        self.act(end.restore_subscription, subscription_id=self.one(who, Status.CANCELED).pk)

    @precondition(lambda self: self.is_any(Status.SCHEDULED))
    @rule(who=anyone)
    def delete(self, who):
        self.act(end.delete_subscription, subscription_id=self.one(who, Status.SCHEDULED).pk)

    @precondition(lambda self: self.is_any(Status.ACTIVE))
    @rule(who=anyone, plan=plans, timing=cycles, anchor=st.sampled_from(ANCHORS), phase=st.none() | keys,
          is_paid_later=st.booleans())  # fmt: skip
    def change(self, who, plan, timing, anchor, phase, is_paid_later):
        given = self.offered(plan) | {"billing_anchor": anchor, "starting_phase": phase, "timing": timing}
        later = {"activate": "on_payment"} if is_paid_later else {}
        self.born(self.act(change.change_subscription, subscription_id=self.one(who).pk, **given, **later))

    @precondition(lambda self: self.is_any(Status.ACTIVE, plan=self.sold.plans["pro 1"]))
    @rule(who=anyone, version=st.sampled_from([None, 2]), timing=cycles)
    def migrate(self, who, version, timing):
        one = self.one(who, where=lambda one: one.plan == self.sold.plans["pro 1"])
        self.born(self.act(change.migrate_subscription, subscription_id=one.pk,
                            target_version=version, timing=timing))  # fmt: skip

    @precondition(lambda self: Subscription.objects.filter(awaits_payment=True).exists())
    @rule(is_paid=st.booleans())
    def settle(self, is_paid):
        one = Subscription.objects.filter(awaits_payment=True).first()
        if is_paid:
            self.act(change.activate_change, subscription_id=one.pk)
        else:
            end.delete_subscription(subscription_id=one.pk, at=self.at)
            self.is_changed = True


@pytest.mark.parametrize("is_one_at_a_time", [True, False])
@pytest.mark.django_db
def test_it_bills_all_time_once_whatever_happens(settings, is_one_at_a_time):
    settings.ONE_SUBSCRIPTION_PER_CUSTOMER = is_one_at_a_time
    # Each setting sees lives of its own, the same in every run.
    run(Lives, 10, seed(int(is_one_at_a_time)))


@pytest.mark.django_db
def test_it_bills_all_time_once_however_a_contract_is_edited():
    run(Edits, 11, seed(0))


def run(lives, count, seeded):
    run_state_machine_as_test(
        seeded(partial(lives, open_catalogue())),
        settings=examples(
            max_examples=count,
            stateful_step_count=14,
            deadline=None,
            database=None,
            # To shrink takes minutes; the steps that failed are printed as they are.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
