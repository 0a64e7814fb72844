"""What of the customers' contracts is not billed to its end, read in a few queries however long they have run."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from invoicing.models import LEFT_OPEN, InvoiceLine
from pricing.models import Feature, RateCardType, Subscription, SubscriptionItem

# No service period is longer, so nothing that ended before can be carried.
_LONGEST_PERIOD = timedelta(days=367)


@dataclass(frozen=True)
class OpenItem:
    """
    An item with something left to bill: all after `billed_until`, None for its start, and what is open before.

    `ends` are the last lines of periods that are not billed to their end, by the start of the period: usage was billed
    before the period was over, or the invoice was voided. `earlier` are the items of the same feature and customer that
    ended before it, the newest first.
    """

    item: SubscriptionItem
    billed_until: datetime | None = None
    earlier: tuple[SubscriptionItem, ...] = ()
    ends: Mapping[datetime, InvoiceLine] = field(default_factory=dict)

    @property
    def since(self) -> datetime | None:
        """Where the first period with something to bill starts, None for the start of the item."""
        if self.billed_until is None:
            return None
        start = min((*self.ends, self.billed_until))
        return start if start > self.item.active_from else None

    def is_open(self, period_start: datetime) -> bool:
        """Tell whether the period that starts then has something left to bill."""
        return self.billed_until is None or period_start >= self.billed_until or period_start in self.ends


@dataclass(frozen=True)
class OpenContract:
    """A subscription and those of its items that are not billed to their end."""

    subscription: Subscription
    items: tuple[OpenItem, ...]


def open_contracts(chosen: Q) -> list[OpenContract]:
    """
    Return the contracts with something left to bill among those `chosen` by conditions on the subscription.

    Some seven queries, none of which reads what was billed before the last line of each item.
    """
    subscriptions = Subscription.objects.filter(chosen, awaits_payment=False)
    items = list(_unbilled(SubscriptionItem.objects.filter(subscription__in=subscriptions.values("pk"))))
    owners = subscriptions.select_related("customer__test_clock").defer("contract")
    contracts = owners.in_bulk({item.subscription_id for item in items})
    _attach_features(items)
    for item in items:
        item.subscription = contracts[item.subscription_id]
    earlier, ends = _earlier_items(items), _open_ends(items)
    opened: dict[int, list[OpenItem]] = defaultdict(list)
    for item in items:
        until = item.billed_until  # type: ignore[attr-defined]
        opened[item.subscription_id].append(OpenItem(item, until, earlier.get(item.pk, ()), ends.get(item.pk, {})))
    in_order = sorted(opened, key=lambda pk: (contracts[pk].customer_id, pk))
    return [OpenContract(contracts[pk], tuple(opened[pk])) for pk in in_order]


def _unbilled(items: QuerySet[SubscriptionItem]) -> QuerySet[SubscriptionItem]:
    last = InvoiceLine.objects.filter(subscription_item=OuterRef("pk")).order_by("-period_start", "-sequence")
    priced = items.filter(price__isnull=False).annotate(billed_until=Subquery(last.values("period_end")[:1]))
    never = Q(billed_until=None) & (Q(active_to=None) | Q(active_from__lt=F("active_to")))
    is_open = Exists(_last_open_lines().filter(subscription_item=OuterRef("pk")))
    partly = Q(active_to=None) | Q(billed_until__lt=F("active_to"))
    goes_on = Q(billed_until__isnull=False) & partly & ~Q(billing_cadence="")
    # Phases in order, and the minimum over all other lines last.
    order = (F("phase__position").asc(nulls_last=True), "position", "pk")
    return priced.filter(never | goes_on | is_open).select_related("phase").order_by(*order)


def later_lines() -> QuerySet[InvoiceLine]:
    """Return the lines that continue an outer line."""
    return InvoiceLine.objects.filter(
        subscription_item=OuterRef("subscription_item"),
        period_start=OuterRef("period_start"),
        sequence__gt=OuterRef("sequence"),
    )


def _last_open_lines() -> QuerySet[InvoiceLine]:
    """Return the lines after which something of their period is left to bill, and no line follows."""
    return InvoiceLine.objects.filter(LEFT_OPEN).exclude(Exists(later_lines()))


def _open_ends(items: Iterable[SubscriptionItem]) -> dict[int, dict[datetime, InvoiceLine]]:
    ends: dict[int, dict[datetime, InvoiceLine]] = defaultdict(dict)
    for line in _last_open_lines().filter(subscription_item__in=[item.pk for item in items]):
        ends[line.subscription_item_id or 0][line.period_start] = line
    return ends


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
