"""How a subscription's pages say times, spans and prices: short enough for a bar, or whole in one line."""

from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from metering.admin.display import NOTHING, figure
from pricing.admin.display import cadence, money
from pricing.prices import (
    Charge,
    DynamicPrice,
    FlatPrice,
    GraduatedPrice,
    InvalidPrice,
    MatrixPrice,
    PackagePrice,
    PaymentTerm,
    Price,
    Tier,
    UnitPrice,
    VolumePrice,
    charge_of,
)
from pricing.schedule import MINIMUM_KEY
from pricing.terms import Terms

OPEN = "open"


def when(at: datetime | None, zone: ZoneInfo) -> str:
    """Show a time in a zone: by its day where that begins then, else to the minute, or to the second if it has any."""
    if at is None:
        return OPEN
    local = at.astimezone(zone)
    if local.time() == time.min:
        return f"{local:%Y-%m-%d}"
    return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"


def from_to(start: datetime, end: datetime | None, zone: ZoneInfo) -> str:
    """Show a half-open span in a zone; its end is the first instant that is outside."""
    if start == end:
        return f"taken back at {when(start, zone)}"
    return f"from {when(start, zone)} on" if end is None else f"{when(start, zone)} to {when(end, zone)}"


def price_in_full(terms: Terms, currency: str) -> str:
    """Say in one line everything that a rate card charges, and how often."""
    if terms.key == MINIMUM_KEY and terms.price and terms.price.get("type") == "minimum":
        return f"at least {money(Decimal(terms.price['amount']), currency)} {cadence(terms.billing_cadence or '')}"
    charge = _charge(terms)
    if charge is None:
        return "free of charge" if terms.price is None else "cannot be read"
    often = cadence(terms.billing_cadence) if terms.billing_cadence else "once"
    return "; ".join([f"{_price(charge.price, currency)}, {often}", *_conditions(charge, currency)])


def price_in_short(terms: Terms, currency: str) -> str:
    """Say what a rate card charges in a few words, for where there is little room."""
    if terms.key == MINIMUM_KEY and terms.price and terms.price.get("type") == "minimum":
        return f"at least {money(Decimal(terms.price['amount']), currency)}"
    charge = _charge(terms)
    if charge is None:
        return "free" if terms.price is None else NOTHING
    match charge.price:
        case GraduatedPrice(tiers) | VolumePrice(tiers) if len(tiers) > 1:
            return f"{money(tiers[0].unit_amount, currency)} to {money(tiers[-1].unit_amount, currency)} each"
        case MatrixPrice(dimensions):
            return f"by {', '.join(dimensions)}"
        case FlatPrice(amount):
            return money(amount, currency)
    return _price(charge.price, currency)


def _charge(terms: Terms) -> Charge | None:
    try:
        return charge_of(terms)
    except InvalidPrice:
        return None


def _price(price: Price, currency: str) -> str:
    match price:
        case FlatPrice():
            term = "in advance" if price.payment_term == PaymentTerm.IN_ADVANCE else "in arrears"
            return f"{money(price.amount, currency)} {term}"
        case UnitPrice():
            return f"{money(price.amount, currency)} each"
        case GraduatedPrice():
            return "each unit by its tier: " + ", ".join(_tiers(price.tiers, currency))
        case VolumePrice():
            return "all units by the tier reached: " + ", ".join(_tiers(price.tiers, currency))
        case PackagePrice():
            return f"{money(price.amount, currency)} for each {figure(price.size)} units begun"
        case DynamicPrice():
            return f"the metered amount \N{MULTIPLICATION SIGN} {figure(price.multiplier)}"
        case MatrixPrice():
            return "; ".join(_cells(price, currency))


def _tiers(tiers: tuple[Tier, ...], currency: str) -> Iterator[str]:
    floor = Decimal(0)
    for tier in tiers:
        units = f"above {figure(floor)}" if tier.up_to is None else f"up to {figure(tier.up_to)}"
        flat = f" + {money(tier.flat_amount, currency)}" if tier.flat_amount else ""
        yield f"{money(tier.unit_amount, currency)}{flat} {units}"
        floor = tier.up_to or floor


def _cells(price: MatrixPrice, currency: str) -> Iterator[str]:
    for _, match, cell in price.priced_cells():
        values = ", ".join(f"{name} {value}" for name, value in match) or "everything else"
        yield f"{values}: {'free' if cell is None else _price(cell, currency)}"


def _conditions(charge: Charge, currency: str) -> Iterator[str]:
    if charge.discounts.usage:
        yield f"{figure(charge.discounts.usage)} units free"
    if charge.discounts.percentage:
        yield f"{figure(charge.discounts.percentage)} % off"
    if charge.minimum:
        yield f"at least {money(charge.minimum, currency)}"
    if charge.maximum:
        yield f"at most {money(charge.maximum, currency)}"
    if charge.unit:
        yield f"usage {charge.unit.operation.value} by {figure(charge.unit.factor)}"
