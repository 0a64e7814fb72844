"""Pure: what a line was computed from, and the one way to price it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from metering.periods import Period
from metering.spans import Span
from pricing.prices import Charge, FlatPrice, InvalidPrice, parse_charge
from pricing.rating import Rated, Usage, minimum_true_up, rate

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Quantities by the cells of a matrix price, in the order of the price.
Cells = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class PlanMinimum:
    """The least that all lines of a billing period come to; `prorate` scales it to a part of a period."""

    amount: Decimal
    prorate: bool


@dataclass(frozen=True)
class Reading:
    """How much was used; of a matrix price also in which cells."""

    quantity: Decimal
    cells: Cells = ()


@dataclass(frozen=True)
class LineKey:
    """What tells a line from every other one."""

    item_id: int
    period_start: datetime
    sequence: int


@dataclass(frozen=True)
class LineState:
    """
    What was known of a service period when it was billed, enough to read the same usage again for ever.

    `bound` is the last batch that counted and `spans` say whose events did; a flat fee has neither. `whole` is the
    period before a start or an end of the item cut it, and `part` the share of it that is billed. `stretches` are the
    times whose usage fills the tiers, `carried` of it, because it was billed under an earlier item. A minimum has the
    lines that it `counted`, and what they had `billed`; without any nothing is owed.
    """

    period: Period
    whole: Period
    quantity: Decimal
    part: Fraction = Fraction(1)
    bound: int | None = None
    spans: tuple[Span, ...] = ()
    cells: Cells = ()
    stretches: tuple[Period, ...] = ()
    carried: Decimal = Decimal(0)
    carried_cells: Cells = ()
    is_final: bool = True
    counted: tuple[LineKey, ...] = ()
    billed: Decimal | None = None

    @property
    def usage(self) -> Usage:
        """What rating needs of it."""
        return Usage(
            quantity=self.quantity,
            carried=self.carried,
            cells=self.cells,
            carried_cells=self.carried_cells,
            part=self.part,
            is_final=self.is_final,
            is_first=not self.stretches,
        )

    def to_json(self) -> dict[str, object]:
        """Return plain JSON data: times in ISO 8601 (UTC), decimals as strings that never use an exponent."""
        data: dict[str, object] = {
            "from": self.period.start.isoformat(),
            "to": self.period.end.isoformat(),
            "whole_from": self.whole.start.isoformat(),
            "whole_to": self.whole.end.isoformat(),
            "part": str(self.part),
            "bound": self.bound,
            "spans": [[span.subject, _text(span.start), _text(span.end)] for span in self.spans],
            "quantity": f"{self.quantity:f}",
        }
        if self.cells:
            data["cells"] = _cells_to_json(self.cells)
        if self.stretches:
            data["carried"] = {
                "stretches": [[stretch.start.isoformat(), stretch.end.isoformat()] for stretch in self.stretches],
                "quantity": f"{self.carried:f}",
                "cells": _cells_to_json(self.carried_cells),
            }
        if not self.is_final:
            data["is_final"] = False
        if self.billed is not None:
            data["billed"] = f"{self.billed:f}"
            data["counted"] = [[key.item_id, key.period_start.isoformat(), key.sequence] for key in self.counted]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "LineState":
        """Read what `to_json` wrote."""
        carried = data.get("carried") or {}
        billed = data.get("billed")
        return cls(
            period=_period(data["from"], data["to"]),
            whole=_period(data["whole_from"], data["whole_to"]),
            quantity=Decimal(data["quantity"]),
            part=Fraction(data["part"]),
            bound=data["bound"],
            spans=tuple(Span(subject, _time(start), _time(end)) for subject, start, end in data["spans"]),
            cells=_cells(data.get("cells", ())),
            stretches=tuple(_period(start, end) for start, end in carried.get("stretches", ())),
            carried=Decimal(carried.get("quantity", 0)),
            carried_cells=_cells(carried.get("cells", ())),
            is_final=data.get("is_final", True),
            counted=tuple(
                LineKey(item, datetime.fromisoformat(start), sequence)
                for item, start, sequence in data.get("counted", ())
            ),
            billed=None if billed is None else Decimal(billed),
        )


def read_charge(
    *,
    price: Mapping[str, Any],
    discounts: Mapping[str, Any] | None,
    unit_config: Mapping[str, Any] | None,
    prorate_commitments: bool,
) -> Charge | PlanMinimum:
    """
    Read what an item or a line charges from its JSON columns.

    :raises InvalidPrice: naming the first member that is wrong.
    """
    if price.get("type") == "minimum":
        try:
            return PlanMinimum(Decimal(price["amount"]), prorate_commitments)
        except (KeyError, TypeError, ArithmeticError):
            raise InvalidPrice(
                "$.price.amount", 'Write amount as a decimal number in a string, such as "500.00".'
            ) from None
    return parse_charge(
        price=price, discounts=discounts, unit_config=unit_config, prorate_commitments=prorate_commitments
    )


def is_metered(charge: Charge | PlanMinimum) -> bool:
    """Tell whether what it comes to depends on usage."""
    return isinstance(charge, Charge) and not isinstance(charge.price, FlatPrice)


def rate_line(
    *, charge: Charge | PlanMinimum, name: str, currency: str, before: LineState | None, now: LineState | None
) -> Rated:
    """
    Price the difference between two states of a service period; every amount of a line comes from here.

    Without `before` nothing was billed yet; without `now` nothing of it is billed any more, and it is given back. A cut
    period bears its share of a flat price by real seconds; each detailed line rounds once.
    """
    if isinstance(charge, PlanMinimum):
        filled = None if before is None else _true_up(charge, name, currency, before).amount
        return _true_up(charge, name, currency, now, filled)
    return rate(
        charge=charge,
        name=name,
        currency=currency,
        before=None if before is None else before.usage,
        now=None if now is None else now.usage,
    )


def line_ulid(item_ulid: str, period_start: datetime, sequence: int) -> str:
    """
    Return the id of a line from what tells it from every other one, so that it is the same before and after billing.

    >>> line_ulid("01J0000000000000000000000A", datetime.fromisoformat("2026-01-01T00:00:00+00:00"), 0)
    '7A7J5TRMM8XNDS1P5T5FEP8V26'
    """
    return derived_ulid(f"{item_ulid} {period_start.astimezone(UTC).isoformat()} {sequence}")


def derived_ulid(text: str) -> str:
    """Return an id in the form of a ULID that is the same for the same text."""
    number = int.from_bytes(blake2b(text.encode(), digest_size=16).digest())
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def _true_up(
    charge: PlanMinimum, name: str, currency: str, state: LineState | None, trued_up: Decimal | None = None
) -> Rated:
    return minimum_true_up(
        minimum=charge.amount if state and state.counted else Decimal(0),
        billed=(state and state.billed) or Decimal(0),
        part=state.part if state else Fraction(1),
        prorate=charge.prorate,
        currency=currency,
        trued_up=trued_up,
        name=name,
    )


def counts_towards(period: Period, *, start: datetime, end: datetime, in_advance: bool) -> bool:
    """Tell whether a line for [start, end) belongs to a billing period: by its start in advance, else by its end."""
    return period.start <= start < period.end if in_advance else period.start < end <= period.end


def spans_within(spans: Iterable[Span], periods: Iterable[Period]) -> tuple[Span, ...]:
    """Return those spans that share any time with one of the periods."""
    periods = tuple(periods)
    return tuple(span for span in spans if any(_meets(span, period) for period in periods))


def _meets(span: Span, period: Period) -> bool:
    return (span.start is None or span.start < period.end) and (span.end is None or span.end > period.start)


def _period(start: str, end: str) -> Period:
    return Period(datetime.fromisoformat(start), datetime.fromisoformat(end))


def _cells_to_json(cells: Cells) -> list[list[str]]:
    # Pairs, because their order counts and an object of jsonb has none.
    return [[key, f"{quantity:f}"] for key, quantity in cells]


def _cells(pairs: Iterable[tuple[str, str]]) -> Cells:
    return tuple((key, Decimal(quantity)) for key, quantity in pairs)


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
