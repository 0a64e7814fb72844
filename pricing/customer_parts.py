"""What pricing answers where metering asks about customers' subscriptions; registered at start-up."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from metering.models import Customer
from metering.models.customer import CustomerQuerySet
from pricing.models import Subscription
from pricing.serializers.subscriptions import subscription_output


class CustomerSubscriptions:
    """See `metering.queries.subscriptions.Subscriptions`."""

    def live(self, moments: Mapping[int, datetime]) -> Mapping[int, Sequence[Mapping[str, Any]]]:
        if not moments:
            return {}
        # Everybody's time lies between these two, which keeps all but a few of the ended ones out.
        known = Subscription.objects.filter(customer__in=moments, awaits_payment=False)
        begun = known.filter(active_from__lte=max(moments.values()))
        running = begun.filter(Q(active_to=None) | Q(active_to__gt=min(moments.values())))
        found: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for subscription in running.with_neighbours().order_by("pk"):
            at = moments[subscription.customer_id]
            if subscription.active_from <= at and (subscription.active_to is None or at < subscription.active_to):
                found[subscription.customer_id].append(subscription_output(subscription, at=at))
        return found

    def customers_on(self, plan_key: str, *, at: datetime) -> CustomerQuerySet:
        # Annotated first: within a filter the joins would be inner ones, and those without a clock left out.
        known = Subscription.objects.annotate(moment=Coalesce("customer__test_clock__now_at", Value(at)))
        begun = known.filter(plan__key=plan_key, awaits_payment=False, active_from__lte=F("moment"))
        live = begun.filter(Q(active_to=None) | Q(active_to__gt=F("moment")))
        return Customer.objects.filter(pk__in=live.values("customer"))
