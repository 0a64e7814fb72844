"""What a visitor may choose on the usage page, and what they chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from metering.models import Aggregation, Customer, MeterVersion
from metering.periods import MICROSECOND, Period
from portal.contracts import live_subscription
from pricing.models import Feature, SubscriptionItem
from pricing.queries import current_period

_DAYS = {"30d": 30, "90d": 90}


@dataclass(frozen=True)
class Option:
    """One entry of a select."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class UsageChoice:
    """What the page shows; `group` is empty for the sum of all."""

    feature: Feature
    version: MeterVersion
    span: Period
    group: str
    zone: ZoneInfo
    features: tuple[Option, ...]
    spans: tuple[Option, ...]
    groups: tuple[Option, ...]

    @property
    def query(self) -> str:
        """Return the choice as the query string of its page."""
        names = {"feature": self.features, "period": self.spans, "by": self.groups}
        return urlencode(
            {name: option.value for name, options in names.items() for option in options if option.is_chosen}
        )


def choose(customer: Customer, asked: Mapping[str, str], at: datetime) -> UsageChoice | None:
    """
    Read what was asked for (`feature`, `period`, `by`); what cannot be had becomes the first of what can.

    None for a customer who never subscribed to anything that is metered.
    """
    features = metered_features(customer)
    if not features:
        return None
    feature = next((feature for feature in features if feature.key == asked.get("feature")), features[0])
    assert feature.meter is not None
    version = feature.meter.current_version
    subscription = live_subscription(customer, at)
    zone = subscription.zone if subscription else customer.zone
    spans = _spans(customer, at, zone)
    span = asked.get("period", "") if asked.get("period") in spans else next(iter(spans))
    # Parts that do not add up would make a wrong stack of bars.
    groups = version.group_keys if Aggregation(feature.meter.aggregation).is_additive else []
    group = asked.get("by", "") if asked.get("by") in groups else ""
    return UsageChoice(
        feature=feature,
        version=version,
        span=spans[span][1],
        group=group,
        zone=zone,
        features=_options([(feature.key, feature.name) for feature in features], feature.key),
        spans=_options([(key, label) for key, (label, _) in spans.items()], span),
        groups=_options([("", "No split"), *((key, key) for key in groups)], group),
    )


def metered_features(customer: Customer) -> list[Feature]:
    """Return the features whose usage the customer pays or paid for, in the order of the newest plan."""
    items = SubscriptionItem.objects.filter(customer=customer, feature__meter__isnull=False)
    newest_first = items.select_related("feature__meter").order_by("-subscription__active_from", "position", "pk")
    # A dict keeps the first of each key, which is the one in force.
    by_key: dict[str, Feature] = {}
    for item in newest_first:
        assert item.feature is not None
        by_key.setdefault(item.feature.key, item.feature)
    return list(by_key.values())


def _spans(customer: Customer, at: datetime, zone: ZoneInfo) -> dict[str, tuple[str, Period]]:
    spans: dict[str, tuple[str, Period]] = {}
    if subscription := live_subscription(customer, at):
        spans["this"] = ("This period", this := current_period(subscription, at))
        before = this.start - MICROSECOND
        if earlier := live_subscription(customer, before):
            spans["last"] = ("Last period", current_period(earlier, before))
    for key, days in _DAYS.items():
        spans[key] = (f"Last {days} days", _last_days(days, at, zone))
    return spans


def _last_days(days: int, at: datetime, zone: ZoneInfo) -> Period:
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    first = tomorrow - timedelta(days=days)
    return Period(*(datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, tomorrow)))


def _options(entries: Sequence[tuple[str, str]], chosen: str) -> tuple[Option, ...]:
    return tuple(Option(value, label, value == chosen) for value, label in entries)
