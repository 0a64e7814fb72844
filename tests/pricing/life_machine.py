"""What every random act on subscriptions does: compare what is stored with what must hold."""

from django.db import transaction
from django.db.models import F
from hypothesis.stateful import RuleBasedStateMachine, invariant

from metering.audit import Scope
from metering.errors import DomainError
from pricing.audit import CHECKS
from pricing.models import Subscription, SubscriptionItem, SubscriptionStatus
from pricing.services.subscriptions.timing import InvalidTiming, edit_at
from tests.pricing.life_checks import check_billed_time, past
from tests.pricing.life_model import NEVER, Life, stored


class Acts(RuleBasedStateMachine):
    """Each example is undone at its end; `lives` are the models of the subscriptions that there are."""

    def __init__(self, catalogue):
        super().__init__()
        self.sold = catalogue
        self.lives = {}
        self.before = {}
        self.is_changed = False
        self.example = transaction.atomic()
        self.example.__enter__()

    def teardown(self):
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def one(self, who, status=SubscriptionStatus.ACTIVE, where=lambda one: True):
        """Return a subscription that allows an act, or at least is in that state; now and then any other."""
        every = list(Subscription.objects.order_by("pk"))
        in_status = [one for one in every if one.status(self.at) == status] if who else []
        found = [one for one in in_status if where(one)] or in_status or every
        return found[who % len(found)]

    def edit_timing(self, who, one, timing):
        """Return a timing that an edit can have, and the time; now and then one that it cannot have, and now."""
        try:
            return timing, edit_at(one, timing, at=self.at)
        except InvalidTiming:
            return "immediate" if who % 4 else timing, self.at

    def is_any(self, status, **where):
        return Subscription.objects.in_status([status], self.at).filter(**where).exists()

    def offered(self, plan):
        if plan is None:
            return {"custom_plan": self.sold.custom}
        return {"plan_id": self.sold.plans[plan].pk}

    def act(self, function, **given):
        """Return what an act returns, None if it is refused; a refusal changes nothing."""
        try:
            made = function(at=self.at, **given)
        except DomainError:
            assert stored() == self.before
            return None
        self.is_changed = True
        return made or True

    def born(self, made):
        """Begin the model of a subscription that was made."""
        new = made[1] if isinstance(made, tuple) else made
        if new is not None:
            self.lives[new.pk] = Life.of(self.sold.given[new.plan_id] if new.plan_id else self.sold.custom)

    @invariant()
    def everything_holds(self):
        if not self.is_changed:
            return
        before, self.before, self.is_changed = self.before, stored(), False
        known = before[Subscription]
        assert past(before, known, self.at) == past(self.before, known, self.at)
        subscriptions = list(Subscription.objects.order_by("pk"))
        self.lives = {one.pk: self.lives[one.pk] for one in subscriptions}
        for one in subscriptions:
            check_billed_time(one, self.lives[one.pk])
        self._check_features()
        assert [finding for check in CHECKS for finding in check.find(Scope(at=self.at))] == []

    def _check_features(self):
        until = {}
        rows = SubscriptionItem.objects.exclude(feature=None).exclude(active_from=F("active_to"))
        for row in rows.order_by("active_from"):
            assert until.get(row.feature_id, row.active_from) <= row.active_from
            until[row.feature_id] = row.active_to or NEVER
