"""What of an item is to be billed: its service periods that no invoice holds yet, or only in part."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db.models import Exists

from invoicing.lines import LineState, PlanMinimum, is_metered, read_charge
from invoicing.models import Invoice, InvoiceLine, LineCause, ManagedBy
from invoicing.queries.contracts import OpenContract, OpenItem, later_lines
from invoicing.queries.measuring import CARRIED
from metering.errors import DomainError
from metering.models import Aggregation, MeterVersion
from metering.periods import Period
from pricing.models import RateCardType, SubscriptionItem
from pricing.prices import Charge, FlatPrice, InvalidPrice
from pricing.proration import share
from pricing.queries import ServicePeriod, carried_stretches, service_periods


class CannotPrice(DomainError):
    """A subscription item says too little to be billed."""

    status = 409
    code = "subscription_item_cannot_be_priced"


@dataclass(frozen=True)
class DueLine:
    """
    One subscription item in one service period; `version` is that of its meter, None for what needs no usage.

    `stretches` are the times before it whose usage fills its tiers. What was billed of the period already is `before`,
    as `line_before` says. `state` is what it comes to, where that was read already; what `is_given_back` comes to
    nothing any more. With `cut_at` the period is billed before its end, up to that time. What is written off is rated,
    and taken off again.
    """

    item: SubscriptionItem
    charge: Charge | PlanMinimum
    version: MeterVersion | None
    service: ServicePeriod
    stretches: tuple[Period, ...] = ()
    before: LineState | None = None
    sequence: int = 0
    cause: LineCause = LineCause.PERIOD
    line_before: InvoiceLine | None = None
    state: LineState | None = None
    is_given_back: bool = False
    cut_at: datetime | None = None
    is_written_off: bool = False

    @property
    def period(self) -> Period:
        """The time to bill."""
        period = self.service.period
        return period if self.cut_at is None else Period(period.start, self.cut_at)

    @property
    def key(self) -> tuple[int, Period]:
        """Tell this line from every other one that is due."""
        return self.item.pk, self.period

    @property
    def filters(self) -> dict[str, Any]:
        """The group values that count, as the feature states them."""
        if self.line_before is not None:
            return dict(self.line_before.filters)
        return self.item.feature.filters if self.version and self.item.feature else {}

    @property
    def part(self) -> Fraction:
        """The share of the whole period to bill; a period that is cut keeps its commitments."""
        is_flat = isinstance(self.charge, Charge) and isinstance(self.charge.price, FlatPrice)
        if is_flat and not self.item.subscription.is_prorating:
            return Fraction(1)
        return share(self.service.period, self.service.whole)

    @property
    def waits(self) -> bool:
        """Tell whether late usage changes what it comes to: a period that is cut is billed on at its end."""
        is_of_usage = self.version is not None or isinstance(self.charge, PlanMinimum)
        return is_of_usage and self.cut_at is None and self.cause == LineCause.PERIOD


def due_lines(contract: OpenContract, *, until: datetime) -> Iterator[DueLine]:
    """Yield what of a contract is billed by a time and is not yet, by item and period."""
    for opened in contract.items:
        for due in unbilled_lines(opened, until=until):
            if due.service.bill_at <= until:
                yield due


def unbilled_lines(opened: OpenItem, *, until: datetime) -> Iterator[DueLine]:
    """
    Yield what an item is billed for, in periods that start before a time or are billed by then, and is not yet.

    :raises CannotPrice: if the item has a price that cannot be read, or is billed by usage that no meter measures.
    """
    item = opened.item
    charge = _charge(item)
    if isinstance(charge, Charge) and isinstance(charge.price, FlatPrice) and not charge.price.amount:
        return
    version = _version(item) if is_metered(charge) else None
    for service in service_periods(item, until, since=opened.since):
        if opened.is_open(service.period.start):
            due = DueLine(item, charge, version, service, _stretches(opened, version, service))
            yield _continued(due, opened.ends.get(service.period.start))


def _continued(due: DueLine, end: InvoiceLine | None) -> DueLine:
    if end is None:
        return due
    before = LineState.from_json(end.now) if end.now else None
    return replace(due, before=before, sequence=end.sequence + 1, line_before=end)


def _charge(item: SubscriptionItem) -> Charge | PlanMinimum:
    try:
        return read_charge(
            price=item.price or {},
            discounts=item.discounts,
            unit_config=item.unit_config,
            prorate_commitments=item.prorate_commitments,
        )
    except InvalidPrice as error:
        raise CannotPrice(f"The price of {item.name!r} cannot be read at {error.field}: {error}") from error


def _version(item: SubscriptionItem) -> MeterVersion:
    meter = item.feature.meter if item.type == RateCardType.USAGE_BASED and item.feature else None
    if meter is None:
        raise CannotPrice(f"Give the feature of {item.name!r} a meter: it is billed by usage.")
    return max(meter.versions.all(), key=lambda version: version.number)


def _stretches(opened: OpenItem, version: MeterVersion | None, service: ServicePeriod) -> tuple[Period, ...]:
    start = service.period.start
    is_first = start == opened.item.active_from or start > service.whole.start
    if version is None or not is_first or Aggregation(version.meter.aggregation) not in CARRIED:
        return ()
    return carried_stretches(opened.item, opened.earlier, start=start)


def stored_lines(draft: Invoice) -> tuple[DueLine, ...]:
    """
    Return the lines of a draft as they were due, less those that somebody changed and those that are billed on.

    :raises InvalidPrice: if the price of one cannot be read.
    """
    lines = draft.lines.filter(
        subscription_item__isnull=False, managed_by=ManagedBy.SUBSCRIPTION, cause=LineCause.PERIOD, now__isnull=False
    ).exclude(Exists(later_lines()))
    related = ("subscription_item__subscription", "subscription_item__phase", "feature", "meter_version__meter")
    return tuple(due for line in lines.select_related(*related).order_by("position") if (due := _stored(line)).waits)


def _stored(line: InvoiceLine) -> DueLine:
    item, now = line.subscription_item, LineState.from_json(line.now or {})
    assert item is not None
    charge = read_charge(
        price=line.price,
        discounts=line.discounts,
        unit_config=line.unit_config,
        prorate_commitments=line.prorate_commitments,
    )
    return DueLine(
        item,
        charge,
        line.meter_version,
        ServicePeriod(now.period, now.whole, line.invoice_at),
        now.stretches,
        before=LineState.from_json(line.before) if line.before else None,
        sequence=line.sequence,
        line_before=line,
    )
