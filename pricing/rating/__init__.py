"""From a price and two quantities to the lines to bill, with the sums behind them in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext
from fractions import Fraction

from pricing.money import quantize, zero
from pricing.prices import FlatPrice, GraduatedPrice, Price
from pricing.rating.usage import Usage as Usage
from pricing.rating.usage import matrix_cells as matrix_cells

# Sums and products of 38-digit numbers stay far below this; should one not, it raises instead of losing a digit.
_EXACT = Context(prec=1000, traps=[Inexact, InvalidOperation])
# Digits after the point that a share of an amount keeps in the trace, and in its text.
_PLACES = 20
_SHOWN_PLACES = 6


@dataclass(frozen=True)
class DetailedLine:
    """One part of a line: `key` names it for good, `amount` is rounded to the currency."""

    key: str
    name: str
    quantity: Decimal
    unit_amount: Decimal
    amount: Decimal
    category: str = "regular"


@dataclass(frozen=True)
class Step:
    """
    One sum of the trace: what the whole period so far costs in one part of the price.

    `exact` is cut after twenty places where it is a share of a flat price, which rounds to the same `rounded`.
    """

    text: str
    quantity: Decimal
    unit_amount: Decimal
    exact: Decimal
    rounded: Decimal


@dataclass(frozen=True)
class Rated:
    """What to bill now: `amount` is the sum of the lines."""

    lines: tuple[DetailedLine, ...]
    amount: Decimal
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class _Part:
    """What one part of a price costs from the start of the period up to some quantity."""

    name: str
    reason: str
    quantity: Decimal
    unit_amount: Decimal
    exact: Decimal | Fraction
    rounded: Decimal


def rate(
    *, price: Price, name: str, currency: str, before: Decimal | None, now: Decimal, part: Fraction = Fraction(1)
) -> Rated:
    """
    Price a period's usage up to the quantity `now`, less what was billed at the quantity `before`.

    `before` None says that nothing of the period was billed yet. Each part of the price (a tier's usage, a tier's flat
    amount) costs round(cost of all up to now) - round(cost of all up to before), half away from zero to the currency's
    digits, so the bills of any split of a period sum to the bill of the whole; `now` below `before` gives the negative
    difference. A quantity below zero costs what zero costs. `part` is the share of its full period that is billed: it
    scales a flat price and nothing else.

    :raises ValueError: if `part` is not between 0 and 1.
    """
    if not 0 <= part <= 1:
        raise ValueError(f"The share of the period has to lie between 0 and 1, not at {part}.")
    with localcontext(_EXACT):
        billed = {} if before is None else _parts(price, name, currency, before, part)
        due = _parts(price, name, currency, now, part)
        lines = tuple(_lines(due, billed))
        amount = sum((line.amount for line in lines), zero(currency))
        return Rated(lines=lines, amount=amount, steps=tuple(_steps(due, billed)))


def to_json(result: Rated | DetailedLine | Step) -> dict[str, object]:
    """Return plain JSON data: decimals become strings that never use an exponent."""
    return {field.name: _json_value(getattr(result, field.name)) for field in fields(result)}


def _parts(price: Price, name: str, currency: str, quantity: Decimal, share: Fraction) -> dict[str, _Part]:
    match price:
        case FlatPrice():
            return dict(_flat_parts(price, name, currency, share))
        case GraduatedPrice():
            return dict(_graduated_parts(price, name, currency, max(quantity, Decimal(0))))


def _flat_parts(price: FlatPrice, name: str, currency: str, share: Fraction) -> Iterator[tuple[str, _Part]]:
    if share == 1:
        part = _part(name, "Flat price", Decimal(1), price.amount, price.amount, currency)
    else:
        exact = Fraction(price.amount) * share
        # Shown as one piece at its rounded price, so that quantity times unit amount is what the line says.
        reason = f"Flat price: {price.amount:,f} for {share} of the period"
        part = _part(name, reason, Decimal(1), quantize(exact, currency), exact, currency)
    if part.rounded:
        yield "flat", part


def _graduated_parts(price: GraduatedPrice, name: str, currency: str, quantity: Decimal) -> Iterator[tuple[str, _Part]]:
    floor = Decimal(0)
    for number, tier in enumerate(price.tiers, start=1):
        # The first tier counts as entered even without usage.
        if number > 1 and quantity <= floor:
            return
        ceiling = quantity if tier.up_to is None else min(quantity, tier.up_to)
        units = ceiling - floor
        span = f"{_plain(units)} units from {_plain(floor)} to {_plain(ceiling)}"
        reason = f"Tier {number}: {span} at {_plain(tier.unit_amount)} each"
        title = f"{name}: usage price for tier {number}"
        yield f"tier_{number}_usage", _part(title, reason, units, tier.unit_amount, units * tier.unit_amount, currency)
        if tier.flat_amount:
            reason = f"Tier {number}: flat price" + (f" for going above {_plain(floor)} units" if number > 1 else "")
            title = f"{name}: flat price for tier {number}"
            yield f"tier_{number}_flat", _part(title, reason, Decimal(1), tier.flat_amount, tier.flat_amount, currency)
        floor = ceiling


def _part(
    name: str, reason: str, quantity: Decimal, unit_amount: Decimal, exact: Decimal | Fraction, currency: str
) -> _Part:
    return _Part(name, reason, quantity, unit_amount, exact, quantize(exact, currency))


def _lines(due: Mapping[str, _Part], billed: Mapping[str, _Part]) -> Iterator[DetailedLine]:
    for key in dict.fromkeys((*due, *billed)):
        # A part that is on one side only counts as nothing on the other.
        new = due.get(key) or _nothing(billed[key])
        old = billed.get(key) or _nothing(new)
        quantity, amount = new.quantity - old.quantity, new.rounded - old.rounded
        if quantity or amount:
            yield DetailedLine(key, new.name, quantity, new.unit_amount, amount)


def _steps(due: Mapping[str, _Part], billed: Mapping[str, _Part]) -> Iterator[Step]:
    for key in dict.fromkeys((*due, *billed)):
        new, old = due.get(key), billed.get(key)
        texts = [new.reason + _sum(new) if new else f"{billed[key].reason}: no longer due"]
        if old:
            texts.append(f"already billed {old.rounded:,f}")
        new = new or _nothing(billed[key])
        yield Step("; ".join(texts), new.quantity, new.unit_amount, _cut(new.exact, _PLACES), new.rounded)


def _nothing(part: _Part) -> _Part:
    return replace(part, quantity=Decimal(0), exact=Decimal(0), rounded=part.rounded * 0)


def _sum(part: _Part) -> str:
    if part.exact == part.rounded:
        return f" = {part.rounded:,f}"
    shown = _cut(part.exact, _SHOWN_PLACES)
    dots = "" if shown == part.exact else "..."
    return f" = {_plain(shown)}{dots}, rounded {part.rounded:,f}"


def _cut(exact: Decimal | Fraction, places: int) -> Decimal:
    if isinstance(exact, Decimal):
        return exact
    # Prices and shares are never negative, so that flooring cuts towards zero.
    return Decimal(exact.numerator * 10**places // exact.denominator).scaleb(-places)


def _plain(number: Decimal) -> str:
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _json_value(value: object) -> object:
    match value:
        case Decimal():
            return f"{value:f}"
        case tuple():
            return [to_json(item) for item in value]
        case _:
            return value
