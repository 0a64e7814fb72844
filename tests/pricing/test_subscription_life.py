"""Whatever happens to subscriptions in whatever order: no time is billed twice or left out, and the past stays."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from pricing.contract_edits import AddPhase, RemoveItem, RemovePhase, Shift, StretchPhase, UnscheduleEdit
from pricing.durations import parse_duration
from pricing.models import Subscription, SubscriptionAddon
from pricing.models import SubscriptionStatus as Status
from pricing.services.subscriptions import addons, change, edit, end, start
from pricing.services.subscriptions.contracts import schedule_of
from pricing.services.subscriptions.timing import addon_at, cancel_at, edit_at
from tests.factories import CustomerFactory
from tests.pricing.life_catalogue import open_catalogue
from tests.pricing.life_machine import Acts
from tests.pricing.life_model import kept_items, rows_from, stored

DAY = timedelta(days=1)
STARTS = [datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 28, 23, 30, tzinfo=UTC),
          datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)]  # fmt: skip
ANCHORS = [None, datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
ZONES = ["UTC", "Europe/Paris", "America/Los_Angeles", "Australia/Lord_Howe"]
PHASES = ["trial", "ramp", "main", "default", "late"]
KEYS = ["fee", "tokens", "setup", "support", "seats"]
DURATIONS = [parse_duration(text) for text in ("P1M", "-P1M", "P10D", "-P10D", "P3M", "P1Y", "PT36H")]
cycles = st.sampled_from(["immediate", "next_billing_cycle"])
anyone = st.integers(0, 9)
quantities = st.integers(0, 3)
lengths = st.sampled_from(DURATIONS)
keys = st.sampled_from(PHASES)
plans = st.sampled_from(["pro 1", "pro 1", "pro 2", "max", None])


@st.composite
def operations(draw, cards, phases):
    kind = draw(st.sampled_from(["add", "add", "remove", "phase", "drop", "stretch", "unschedule"]))
    phase, card = draw(st.sampled_from(phases)), cards[draw(st.integers(0, len(cards) - 1))]
    match kind:
        case "add":
            return [edit.AddRateCard(phase, card)]
        case "remove":
            return [RemoveItem(phase, draw(st.sampled_from(KEYS)))]
        case "phase":
            last = draw(st.none() | lengths)
            return [AddPhase("late", "Late", draw(lengths), last), edit.AddRateCard("late", card)]
        case "drop":
            return [RemovePhase(phase, draw(st.sampled_from(Shift)))]
        case "stretch":
            return [StretchPhase(phase, draw(lengths))]
    return [UnscheduleEdit()]


class Lives(Acts):
    @initialize(zone=st.sampled_from(ZONES), at=st.sampled_from(STARTS), anchor=st.sampled_from(ANCHORS))
    def begin(self, zone, at, anchor):
        self.at = at
        self.customer = CustomerFactory(currency="USD", time_zone=zone)
        self.before = stored()
        self.start("pro 1", anchor, 0, None)
        self.at += DAY

    @rule(days=st.sampled_from([0, 1, 3, 14, 31, 45]), seconds=st.sampled_from([0, 1, 86_399]))
    def pass_time(self, days, seconds):
        self.at += days * DAY + timedelta(seconds=seconds)

    @rule(plan=plans, anchor=st.sampled_from(ANCHORS), days=st.integers(-40, 40), phase=st.none() | keys)
    def start(self, plan, anchor, days, phase):
        given = self.offered(plan) | {"billing_anchor": anchor, "starting_phase": phase}
        begin = self.at + days * DAY
        made = self.act(start.start_subscription, start.preview_start, customer_id=self.customer.pk,
                        active_from=begin, **given)  # fmt: skip
        self.born(made)

    @precondition(lambda self: self.lives)
    @rule(who=anyone, timing=cycles, data=st.data())
    def edit(self, who, timing, data):
        one = self.one(who)
        wanted = data.draw(operations(self.sold.cards, [phase.key for phase in one.agreed.phases]))
        if self.act(edit.edit_subscription, edit.preview_edit, subscription_id=one.pk, operations=wanted,
                    timing=timing):  # fmt: skip
            starts = {phase.key: phase.starts_at for phase in self.one(who).agreed.phases}
            self.lives[one.pk].edit(wanted, starts, edit_at(one, timing, at=self.at))

    @precondition(lambda self: self.lives)
    @rule(who=anyone, timing=cycles)
    def cancel(self, who, timing):
        one = self.one(who)
        self.act(end.cancel_subscription, end.preview_cancel, subscription_id=one.pk,
                 active_to=cancel_at(one, timing, at=self.at))  # fmt: skip

    @precondition(lambda self: self.is_any(Status.CANCELED))
    @rule(who=anyone)
    def unschedule(self, who):
        self.act(
            end.unschedule_cancelation,
            end.preview_unschedule_cancelation,
            subscription_id=self.one(who, Status.CANCELED).pk,
        )

    @precondition(lambda self: self.is_any(Status.CANCELED))
    @rule(who=anyone)
    def restore(self, who):
        self.act(end.restore_subscription, end.preview_restore, subscription_id=self.one(who, Status.CANCELED).pk)

    @precondition(lambda self: self.is_any(Status.SCHEDULED))
    @rule(who=anyone)
    def delete(self, who):
        self.act(end.delete_subscription, None, subscription_id=self.one(who, Status.SCHEDULED).pk)

    @precondition(lambda self: self.lives)
    @rule(who=anyone, plan=plans, timing=cycles, anchor=st.sampled_from(ANCHORS), phase=st.none() | keys,
          is_paid_later=st.booleans())  # fmt: skip
    def change(self, who, plan, timing, anchor, phase, is_paid_later):
        given = self.offered(plan) | {"billing_anchor": anchor, "starting_phase": phase, "timing": timing}
        told = None if is_paid_later else change.preview_change
        later = {"activate": "on_payment"} if is_paid_later else {}
        self.born(self.act(change.change_subscription, told, subscription_id=self.one(who).pk, **given, **later))

    @precondition(lambda self: self.lives)
    @rule(who=anyone, version=st.sampled_from([None, 2]), timing=cycles)
    def migrate(self, who, version, timing):
        one = self.one(who)
        self.born(self.act(change.migrate_subscription, change.preview_migrate, subscription_id=one.pk,
                            target_version=version, timing=timing))  # fmt: skip

    @precondition(lambda self: Subscription.objects.filter(awaits_payment=True).exists())
    @rule(is_paid=st.booleans())
    def settle(self, is_paid):
        one = Subscription.objects.filter(awaits_payment=True).first()
        if is_paid:
            self.act(change.activate_change, None, subscription_id=one.pk)
        else:
            change.abandon_change(subscription_id=one.pk)
            self.is_changed = True

    @precondition(lambda self: self.lives)
    @rule(who=anyone, which=st.integers(0, 1), quantity=quantities, timing=cycles)
    def take(self, who, which, quantity, timing):
        one, (addon, cards) = self.one(who), list(self.sold.addon_cards.items())[which]
        if self.act(addons.add_addon, addons.preview_add_addon, subscription_id=one.pk, addon_id=addon,
                    quantity=quantity, timing=timing):  # fmt: skip
            self.lives[one.pk].taken[frozenset(cards)] = {addon_at(one, timing, at=self.at): quantity}

    @precondition(lambda self: SubscriptionAddon.objects.exists())
    @rule(which=anyone, quantity=quantities, timing=cycles)
    def take_more_or_less(self, which, quantity, timing):
        taken = list(SubscriptionAddon.objects.order_by("pk").select_related("subscription"))
        self.set_quantity(taken[which % len(taken)], quantity, timing)

    @precondition(lambda self: SubscriptionAddon.objects.exists())
    @rule(who=anyone)
    def give_all_back(self, who):
        one = self.one(who)
        for taken in one.addons.order_by("pk"):
            self.set_quantity(taken, 0, "immediate")
            for time in [time for time in self.taken(taken) if time > self.at]:
                self.set_quantity(taken, 0, time)
        if all(times[max(times)] == 0 for times in self.lives[one.pk].taken.values()):
            plain = schedule_of(one, addons=[])
            assert rows_from(schedule_of(one), self.at) == rows_from(plain, self.at)

    @precondition(lambda self: self.lives)
    @rule(who=anyone, which=st.integers(0, 1), quantity=st.integers(1, 3))
    def take_and_give_back_at_once(self, who, which, quantity):
        one, (addon, cards) = self.one(who), list(self.sold.addon_cards.items())[which]
        before = kept_items(one, self.at)
        taken = self.act(addons.add_addon, subscription_id=one.pk, addon_id=addon, quantity=quantity)
        if taken:
            self.lives[one.pk].taken[frozenset(cards)] = {self.at: quantity}
            self.set_quantity(taken, 0, "immediate")
            assert kept_items(one, self.at) == before


@pytest.mark.parametrize("is_one_at_a_time", [True, False])
@pytest.mark.django_db
def test_it_bills_all_time_once_whatever_happens(settings, is_one_at_a_time):
    settings.ONE_SUBSCRIPTION_PER_CUSTOMER = is_one_at_a_time
    run_state_machine_as_test(
        partial(Lives, open_catalogue()),
        settings=examples(
            max_examples=10,
            stateful_step_count=14,
            deadline=None,
            derandomize=True,
            # To shrink takes minutes; the steps that failed are printed as they are.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
