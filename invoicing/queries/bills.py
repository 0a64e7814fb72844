"""What should be billed: the lines of every billing time that no invoice holds yet, and what they cost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Prefetch, prefetch_related_objects

from invoicing.lines import LineState, rate_line, spans_within
from invoicing.models import InvoiceLine
from metering.errors import DomainError
from metering.models import MeterVersion
from metering.periods import Period
from metering.queries.usage import total_usage
from metering.spans import Span
from pricing.models import Feature, RateCardType, Subscription, SubscriptionItem
from pricing.prices import FlatPrice, InvalidPrice, Price, parse_price
from pricing.queries import ServicePeriod, service_periods
from pricing.rating import Rated


class CannotPrice(DomainError):
    """A subscription item says too little to be billed."""

    status = 409
    code = "subscription_item_cannot_be_priced"


@dataclass(frozen=True)
class DueLine:
    """One subscription item in one service period; `version` is that of its meter, None for a fee."""

    item: SubscriptionItem
    price: Price
    version: MeterVersion | None
    service: ServicePeriod

    @property
    def key(self) -> tuple[int, Period]:
        """Tell this line from every other one that is due."""
        return self.item.pk, self.service.period

    @property
    def filters(self) -> dict[str, list[str]]:
        """The group values that count."""
        return self.item.feature.filters if self.item.feature else {}


@dataclass(frozen=True)
class Bill:
    """What comes due at one billing time of a subscription; it becomes one invoice."""

    subscription: Subscription
    billed_at: datetime
    lines: tuple[DueLine, ...]
    # Whether the billing time has an invoice already, which these lines missed.
    is_invoiced: bool = False

    def due_at(self, collection_interval: timedelta) -> datetime:
        """Return when to bill: a bill with usage waits for late events, and its fees wait with it."""
        waits = any(line.version for line in self.lines)
        return self.billed_at + collection_interval if waits else self.billed_at


@dataclass(frozen=True)
class PricedLine:
    """A line, what it was computed from, and what it costs."""

    due: DueLine
    state: LineState
    rated: Rated


@dataclass(frozen=True)
class Billed:
    """What has been billed: periods as item id and start, billing times as subscription id and time."""

    periods: frozenset[tuple[int, datetime]]
    times: frozenset[tuple[int, datetime]]


def load(subscriptions: Sequence[Subscription]) -> Billed:
    """Read the items of subscriptions with their meters, and what of them has been billed; five queries."""
    prefetch_related_objects(subscriptions, Prefetch("items", SubscriptionItem.objects.order_by("position", "pk")))
    items = [item for subscription in subscriptions for item in subscription.items.all()]
    features = Feature.objects.select_related("meter").prefetch_related("meter__versions__meter")
    known = features.in_bulk({item.feature_id for item in items if item.feature_id})
    for item in items:
        if item.feature_id:
            item.feature = known[item.feature_id]
    lines = InvoiceLine.objects.filter(subscription_item__in=[item.pk for item in items])
    rows = list(lines.values_list("subscription_item", "period_start", "invoice__subscription", "invoice__billed_at"))
    return Billed(frozenset(row[:2] for row in rows), frozenset(row[2:] for row in rows))


def bills_of(subscription: Subscription, billed: Billed, *, until: datetime) -> list[Bill]:
    """
    Return the bills of a loaded subscription up to a billing time, oldest first, of periods that are not billed.

    A free flat fee has no line, as nothing can come of it.

    :raises CannotPrice: if an item has a price that cannot be read, or is billed by usage that no meter measures.
    """
    times: dict[datetime, list[DueLine]] = defaultdict(list)
    for item in subscription.items.all():
        price, version = _price(item), _version(item)
        if isinstance(price, FlatPrice) and not price.amount:
            continue
        for service in service_periods(item, until):
            if service.bill_at <= until and (item.pk, service.period.start) not in billed.periods:
                times[service.bill_at].append(DueLine(item, price, version, service))
    return [
        Bill(subscription, billed_at, tuple(lines), (subscription.pk, billed_at) in billed.times)
        for billed_at, lines in sorted(times.items())
    ]


def price_line(
    due: DueLine,
    *,
    spans: Iterable[Span],
    bound: int | None,
    readings: Mapping[tuple[int, Period], Decimal] | None = None,
) -> PricedLine:
    """
    Read a line's usage up to batch `bound` (None: all there is) and rate it from nothing.

    The invoice and the open bill both come from here. What is in `readings`, by the line's key, is not read again.
    """
    state = _state(due, spans, bound, readings or {})
    rated = rate_line(
        price=due.price, name=due.item.name, currency=due.item.subscription.currency, before=None, now=state
    )
    return PricedLine(due, state, rated)


def _price(item: SubscriptionItem) -> Price:
    try:
        return parse_price(item.price)
    except InvalidPrice as error:
        raise CannotPrice(f"The price of {item.name!r} cannot be read at {error.field}: {error}") from error


def _version(item: SubscriptionItem) -> MeterVersion | None:
    if item.type != RateCardType.USAGE_BASED:
        return None
    meter = item.feature.meter if item.feature else None
    if meter is None:
        raise CannotPrice(f"Give the feature of {item.name!r} a meter: it is billed by usage.")
    return max(meter.versions.all(), key=lambda version: version.number)


def _state(
    due: DueLine, spans: Iterable[Span], bound: int | None, readings: Mapping[tuple[int, Period], Decimal]
) -> LineState:
    period, whole = due.service.period, due.service.whole
    if due.version is None:
        return LineState(period=period, whole=whole, quantity=Decimal(1))
    used = spans_within(spans, period)
    quantity = readings.get(due.key)
    if quantity is None:
        quantity = total_usage(
            version=due.version,
            start=period.start,
            end=period.end,
            spans=used,
            filters=due.filters,
            bound=bound,
        )
    return LineState(period=period, whole=whole, quantity=quantity, bound=bound, spans=used)
