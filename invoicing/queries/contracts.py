"""What of the customers' contracts is not billed to its end, read in a few queries however long they have run."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from invoicing.models import InvoiceLine
from pricing.models import Feature, RateCardType, Subscription, SubscriptionItem

# No service period is longer, so nothing that ended before can be carried.
_LONGEST_PERIOD = timedelta(days=367)


@dataclass(frozen=True)
class OpenItem:
    """
    An item with something left to bill: from `since` on, None for its start.

    `earlier` are the items of the same feature and customer that ended before it, the newest first.
    """

    item: SubscriptionItem
    since: datetime | None = None
    earlier: tuple[SubscriptionItem, ...] = ()


@dataclass(frozen=True)
class OpenContract:
    """A subscription and those of its items that are not billed to their end."""

    subscription: Subscription
    items: tuple[OpenItem, ...]


def open_contracts(chosen: Q) -> list[OpenContract]:
    """
    Return the contracts with something left to bill among those `chosen` by conditions on the subscription.

    Some six queries, none of which reads what was billed before the last line of each item.
    """
    subscriptions = Subscription.objects.filter(chosen, awaits_payment=False)
    items = list(_unbilled(SubscriptionItem.objects.filter(subscription__in=subscriptions.values("pk"))))
    owners = subscriptions.select_related("customer__test_clock").defer("contract")
    contracts = owners.in_bulk({item.subscription_id for item in items})
    _attach_features(items)
    for item in items:
        item.subscription = contracts[item.subscription_id]
    earlier = _earlier_items(items)
    opened: dict[int, list[OpenItem]] = defaultdict(list)
    for item in items:
        since = item.billed_until  # type: ignore[attr-defined]
        opened[item.subscription_id].append(OpenItem(item, since, earlier.get(item.pk, ())))
    in_order = sorted(opened, key=lambda pk: (contracts[pk].customer_id, pk))
    return [OpenContract(contracts[pk], tuple(opened[pk])) for pk in in_order]


def _unbilled(items: QuerySet[SubscriptionItem]) -> QuerySet[SubscriptionItem]:
    last = InvoiceLine.objects.filter(subscription_item=OuterRef("pk")).order_by("-period_start", "-sequence")
    priced = items.filter(price__isnull=False).annotate(billed_until=Subquery(last.values("period_end")[:1]))
    never = Q(billed_until=None) & (Q(active_to=None) | Q(active_from__lt=F("active_to")))
    partly = Q(active_to=None) | Q(billed_until__lt=F("active_to"))
    goes_on = Q(billed_until__isnull=False) & partly & ~Q(billing_cadence="")
    # Phases in order, and the minimum over all other lines last.
    order = (F("phase__position").asc(nulls_last=True), "position", "pk")
    return priced.filter(never | goes_on).select_related("phase").order_by(*order)


def _attach_features(items: Iterable[SubscriptionItem]) -> None:
    features = Feature.objects.select_related("meter").prefetch_related("meter__versions__meter")
    known = features.in_bulk({item.feature_id for item in items if item.feature_id})
    for item in items:
        if item.feature_id:
            item.feature = known[item.feature_id]


def _earlier_items(items: Iterable[SubscriptionItem]) -> dict[int, tuple[SubscriptionItem, ...]]:
    """Return, by item, what was billed by usage before it; only the first period of an item asks for that."""
    wanting = [item for item in items if _may_be_carried(item)]
    if not wanting:
        return {}
    found = SubscriptionItem.objects.filter(
        customer__in={item.customer_id for item in wanting},
        feature__in={item.feature_id for item in wanting},
        type=RateCardType.USAGE_BASED,
        price__isnull=False,
        subscription__awaits_payment=False,
        active_from__lt=F("active_to"),
        active_to__gt=min(item.active_from for item in wanting) - _LONGEST_PERIOD,
    ).exclude(price__type="flat")
    ended = list(found.select_related("subscription").defer("subscription__contract").order_by("-active_to", "-pk"))
    return {item.pk: tuple(one for one in ended if _precedes(one, item)) for item in wanting}


def _may_be_carried(item: SubscriptionItem) -> bool:
    if item.type != RateCardType.USAGE_BASED or item.feature_id is None:
        return False
    # Later than in its first period, nothing but the item's own usage is before it.
    since = item.billed_until  # type: ignore[attr-defined]
    return since is None or since - item.active_from < _LONGEST_PERIOD


def _precedes(one: SubscriptionItem, item: SubscriptionItem) -> bool:
    is_same = (one.customer_id, one.feature_id) == (item.customer_id, item.feature_id)
    return is_same and one.pk != item.pk and one.active_to is not None and one.active_to <= item.active_from
