"""Lines that somebody writes: their terms, their usage where they have any, and what they cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from invoicing.lines import LineState, PlanMinimum, is_metered, rate_line, read_charge, spans_within
from invoicing.models import DetailedLine, DetailedLineCategory, Invoice, InvoiceLine, LineCause, ManagedBy
from invoicing.queries.due import spans_of
from invoicing.queries.explain import charge_of_line
from invoicing.queries.measuring import measured
from invoicing.services.line_parts import parts_of
from metering.errors import DomainError
from metering.models import MeterVersion
from metering.periods import Period
from metering.spans import Span
from pricing.models import Feature, RateCardType
from pricing.prices import Charge, FlatPrice, InvalidPrice
from pricing.rating import Rated, to_json

_RATED_FIELDS = ("now", "quantity", "usage_discount", "amount", "trace", "updated_at")
_NO_USAGE = Rated((), Decimal(0), ())


class LineCannotBePriced(DomainError):
    """A line says too little to be priced, or what cannot be."""

    code = "invoice_line_cannot_be_priced"


class FeatureHasNoMeter(DomainError):
    """A line is billed by usage that no meter measures."""

    code = "invoice_line_feature_has_no_meters"


class ZeroAmount(DomainError):
    """A line that charges nothing says nothing."""

    code = "invoice_line_zero_amount_delete_instead"


@dataclass(frozen=True)
class LineTerms:
    """What somebody writes on a line: for which time, at which price, and when it comes due."""

    name: str
    period: Period
    invoice_at: datetime
    price: Mapping[str, Any]
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    feature: Feature | None = None
    discounts: Mapping[str, Any] | None = None
    unit_config: Mapping[str, Any] | None = None
    tax_config: Mapping[str, Any] | None = None

    @property
    def charge(self) -> Charge:
        """
        Return what it charges.

        :raises LineCannotBePriced: if its price cannot be read, or is negative.
        :raises ZeroAmount: if it is a fee of nothing.
        """
        return charge_of(price=self.price, discounts=self.discounts, unit_config=self.unit_config)

    @property
    def version(self) -> MeterVersion | None:
        """
        Return what its usage is measured by, None for a fee.

        :raises FeatureHasNoMeter: if it is billed by usage, and no meter measures that.
        """
        if not is_metered(self.charge):
            return None
        meter = self.feature.meter if self.feature else None
        if meter is None:
            raise FeatureHasNoMeter(f"Give {self.name!r} a feature with a meter: its price is for usage.")
        return meter.versions.select_related("meter").order_by("-number").first()


def charge_of(
    *, price: Mapping[str, Any], discounts: Mapping[str, Any] | None, unit_config: Mapping[str, Any] | None
) -> Charge:
    """
    Read what a line charges from what was sent.

    :raises LineCannotBePriced: if its price cannot be read, or is negative.
    :raises ZeroAmount: if it is a fee of nothing.
    """
    try:
        charge = read_charge(price=price, discounts=discounts, unit_config=unit_config, prorate_commitments=False)
    except InvalidPrice as error:
        issue = {"code": error.code or LineCannotBePriced.code, "message": str(error), "field": error.field}
        raise LineCannotBePriced(str(error), extensions={"validationErrors": [issue]}) from error
    if isinstance(charge, PlanMinimum):
        raise LineCannotBePriced("Give the line a price of its own: a minimum belongs to a plan.")
    if isinstance(charge.price, FlatPrice):
        if charge.price.amount == 0:
            raise ZeroAmount("Delete the line instead of charging nothing for it.")
        if charge.price.amount < 0:
            raise LineCannotBePriced("Give the price an amount above zero; take money off by a discount instead.")
    return charge


def write_lines(*, invoice: Invoice, lines: Sequence[LineTerms], bound: int | None, at: datetime) -> list[InvoiceLine]:
    """
    Add lines to a draft or gathering invoice that the caller's transaction holds; the caller adds it up.

    Usage is read up to batch `bound`; without one, a line by usage waits with nothing on it.

    :raises LineCannotBePriced: if a price cannot be read, or is negative.
    :raises ZeroAmount: if a line is a fee of nothing.
    :raises FeatureHasNoMeter: if a line is billed by usage, and no meter measures that.
    """
    last = invoice.lines.order_by("-position").values_list("position", flat=True).first()
    first = 0 if last is None else last + 1
    rows = [_row(invoice, position, terms, at) for position, terms in enumerate(lines, start=first)]
    spans = spans_of([invoice.customer_id], bound).get(invoice.customer_id, ()) if bound is not None else ()
    rated = [rate_by_hand(row, spans=spans, bound=bound) for row in rows]
    InvoiceLine.objects.bulk_create(rows)
    DetailedLine.objects.bulk_create(
        part for row, found in zip(rows, rated, strict=True) for part in parts_of(row, found)
    )
    return rows


def read_usage_by_hand(*, lines: Iterable[InvoiceLine], customer_id: int, bound: int, at: datetime) -> None:
    """Read the usage of lines by hand up to batch `bound`, and write what they cost; the caller adds up the draft."""
    metered = [line for line in lines if line.meter_version_id and line.subscription_item_id is None]
    if not metered:
        return
    spans = spans_of([customer_id], bound).get(customer_id, ())
    rated = [rate_by_hand(line, spans=spans, bound=bound) for line in metered]
    write_rated(metered, rated, at=at)


def write_rated(lines: Sequence[InvoiceLine], rated: Sequence[Rated], *, at: datetime) -> None:
    """Write rated lines with their parts, in place of what they had; what was given by hand stays."""
    for line in lines:
        line.updated_at = at
    InvoiceLine.objects.bulk_update(lines, _RATED_FIELDS)
    DetailedLine.objects.filter(line__in=lines).exclude(category=DetailedLineCategory.ADJUSTMENT).delete()
    DetailedLine.objects.bulk_create(
        part for line, found in zip(lines, rated, strict=True) for part in parts_of(line, found)
    )


def rate_by_hand(line: InvoiceLine, *, spans: Sequence[Span], bound: int | None, is_live: bool = False) -> Rated:
    """
    Rate a line by hand from what it says, in memory; its usage is read up to `bound`, or all of it where `is_live`.

    Without either a line by usage comes to nothing yet.
    """
    period, charge = Period(line.period_start, line.period_end), charge_of_line(line)
    state = LineState(period=period, whole=period, quantity=Decimal(1))
    if line.meter_version is not None:
        if bound is None and not is_live:
            line.now, line.quantity, line.amount, line.trace = None, Decimal(0), Decimal(0), []
            return _NO_USAGE
        read = LineState(
            period=period, whole=period, quantity=Decimal(0), bound=bound, spans=spans_within(spans, [period])
        )
        state = measured(read, version=line.meter_version, charge=charge, filters=line.filters)
    rated = rate_line(charge=charge, name=line.name, currency=str(line.currency), before=None, now=state)
    line.now = state.to_json()
    line.quantity, line.amount, line.usage_discount = state.quantity, rated.amount, rated.usage_discount
    line.trace = to_json(rated)["steps"]
    return rated


def _row(invoice: Invoice, position: int, terms: LineTerms, at: datetime) -> InvoiceLine:
    version = terms.version
    return InvoiceLine(
        invoice=invoice,
        position=position,
        cause=LineCause.PERIOD,
        managed_by=ManagedBy.MANUAL,
        name=terms.name,
        description=terms.description,
        metadata=dict(terms.metadata),
        type=RateCardType.USAGE_BASED if version else RateCardType.FLAT_FEE,
        feature=terms.feature,
        meter_version=version,
        filters=terms.feature.filters if version and terms.feature else {},
        price=dict(terms.price),
        discounts=terms.discounts,
        unit_config=terms.unit_config,
        tax_config=terms.tax_config,
        currency=invoice.currency,
        period_start=terms.period.start,
        period_end=terms.period.end,
        invoice_at=terms.invoice_at,
        quantity=Decimal(0),
        amount=Decimal(0),
        created_at=at,
        updated_at=at,
    )
