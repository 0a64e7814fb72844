"""Random acts on add-ons of subscriptions: to take them leaves no trace once they are given back."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from pricing.models import PlanAddon, Subscription, SubscriptionAddon
from pricing.models import SubscriptionStatus as Status
from pricing.services.subscriptions import addons
from pricing.services.subscriptions.contracts import schedule_of
from pricing.services.subscriptions.timing import addon_at
from tests.pricing.life_checks import kept_items, rows_from
from tests.pricing.life_machine import Acts
from tests.pricing.life_model import stored

cycles = st.sampled_from(["immediate", "next_billing_cycle"])
anyone = st.integers(0, 9)
quantities = st.integers(0, 3)


class AddonActs(Acts):
    @precondition(lambda self: self.is_any_untaken())
    @rule(who=anyone, which=st.integers(0, 1), quantity=quantities, timing=cycles)
    def take(self, who, which, quantity, timing):
        one, addon, cards = self.offer(who, which)
        if self.act(addons.add_addon, subscription_id=one.pk, addon_id=addon,
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
        one = self.one(who, where=lambda one: self.lives[one.pk].has_addons(self.at))
        for taken in one.addons.order_by("pk"):
            self.set_quantity(taken, 0, "immediate")
            for time in [time for time in self.taken(taken) if time > self.at]:
                self.set_quantity(taken, 0, time)
        if all(times[max(times)] == 0 for times in self.lives[one.pk].taken.values()):
            plain = schedule_of(one, addons=[])
            assert rows_from(schedule_of(one), self.at) == rows_from(plain, self.at)

    @precondition(lambda self: self.is_any_untaken())
    @rule(who=anyone, which=st.integers(0, 1), quantity=st.integers(1, 3))
    def take_and_give_back_at_once(self, who, which, quantity):
        one, addon, cards = self.offer(who, which)
        before = kept_items(one, self.at)
        taken = self.act(addons.add_addon, subscription_id=one.pk, addon_id=addon, quantity=quantity)
        if taken:
            self.lives[one.pk].taken[frozenset(cards)] = {self.at: quantity}
            self.set_quantity(taken, 0, "immediate")
            assert kept_items(one, self.at) == before

    def offer(self, who, which):
        """Return a subscription, and an add-on of its plan that it has not taken yet if there is one."""
        one = self.one(who, where=lambda one: self.untaken(one))
        every = list(self.sold.addon_cards.items())
        found = self.untaken(one) if who else every
        return one, *(found or every)[which % len(found or every)]

    def is_any_untaken(self):
        return any(self.untaken(one) for one in Subscription.objects.in_status([Status.ACTIVE], self.at))

    def untaken(self, one):
        offered = set(PlanAddon.objects.filter(plan=one.plan_id).values_list("addon_id", flat=True))
        left = offered - set(one.addons.values_list("addon_id", flat=True))
        return [(addon, cards) for addon, cards in self.sold.addon_cards.items() if addon in left]

    def set_quantity(self, taken, quantity, timing):
        """Change how many of an add-on there are, in the model as well."""
        start = addon_at(taken.subscription, timing, at=self.at)
        if self.act(addons.change_addon_quantity, subscription_addon_id=taken.pk,
                    quantity=quantity, timing=timing):  # fmt: skip
            self.taken(taken)[start] = quantity
        self.before = stored()

    def taken(self, taken):
        """Return the model's quantities of an add-on by time."""
        return self.lives[taken.subscription_id].taken[frozenset(self.sold.addon_cards[taken.addon_id])]
