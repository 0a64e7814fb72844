"""Rating itself: what a charge comes to now, less what it came to when it was last billed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction

from pricing.money import zero
from pricing.prices import Charge, FlatPrice, PaymentTerm, VolumePrice
from pricing.rating.parts import Frame, Part, flat_parts, usage_parts
from pricing.rating.quantities import Cell, cells_of, quantity_steps
from pricing.rating.reductions import scaled, shortfall, with_reductions
from pricing.rating.results import DetailedLine, Rated, Step
from pricing.rating.usage import Usage
from pricing.rating.words import EXACT, money, to_decimal, total, units

_WAITS = "what it costs is known when the period ends"


def rate(*, charge: Charge, name: str, currency: str, before: Usage | None, now: Usage | None) -> Rated:
    """
    Price a period's usage up to `now`, less what was billed at `before`.

    `before` None says that nothing of the period was billed yet, `now` None that nothing of it is due any more. Each
    detailed line is round(cost of all up to now) - round(cost of all up to before), half away from zero to the
    currency's digits, so the bills of any split of a period sum to the bill of the whole; less usage or a smaller part
    than before gives the negative difference. A quantity below zero costs what zero costs.

    :raises ValueError: if a matrix price has usage that is not split into its cells.
    """
    with localcontext(EXACT):
        frame = Frame(name, currency, charge.unit.display_unit if charge.unit else "")
        due, billed = (_State() if usage is None else _state(charge, frame, usage) for usage in (now, before))
        steps = (_quantity_step(*words, currency) for words in _words(charge, due.cells, now))
        return _rated(due.parts, billed.parts, currency, tuple(steps), due.free - billed.free)


def minimum_true_up(
    *,
    minimum: Decimal,
    billed: Decimal,
    part: Fraction = Fraction(1),
    prorate: bool = False,
    currency: str,
    trued_up: Decimal | None = None,
    name: str = "Minimum spend",
) -> Rated:
    """
    Fill up what the other lines of a billing period come to, `billed`, to the plan's minimum.

    `prorate` scales the minimum to the `part` of the billing period, rounded half away from zero. `trued_up` is what
    earlier lines filled up already: as late usage makes the rest due smaller, it comes back as a negative difference.
    """
    share = part if prorate else Fraction(1)
    title = f"Minimum of {money(minimum)}" + (f" for {share} of the period" if share != 1 else "")
    with localcontext(EXACT):
        least = scaled(minimum, share, currency)
        due = [shortfall(least, billed, name, title)] if billed < least else []
        before = [shortfall(billed + trued_up, billed, name, title)] if trued_up else []
        return _rated(_by_key(due), _by_key(before), currency)


@dataclass(frozen=True)
class _State:
    """What a state of usage comes to."""

    cells: list[Cell] = field(default_factory=list)
    parts: Mapping[str, Part] = field(default_factory=dict)

    @property
    def free(self) -> Decimal:
        """How many free units were used up; cut as a number of the whole period, so that splits sum to it."""
        return to_decimal(sum((cell.units.free for cell in self.cells), Fraction(0)))


def _state(charge: Charge, frame: Frame, usage: Usage) -> _State:
    cells = cells_of(charge, usage)
    return _State(cells, _by_key(with_reductions(_parts(charge, frame, cells, usage), charge, frame, usage)))


def _parts(charge: Charge, frame: Frame, cells: list[Cell], usage: Usage) -> Iterator[Part]:
    if isinstance(charge.price, FlatPrice):
        if usage.is_final or charge.payment_term == PaymentTerm.IN_ADVANCE:
            yield from flat_parts(charge.price, frame, usage.part)
        return
    for cell in cells:
        if cell.price is None or _waits(cell, usage):
            continue
        for part in usage_parts(cell.price, frame.of_cell(cell), cell.units):
            if part.quantity or not cell.key:
                yield part


def _waits(cell: Cell, usage: Usage) -> bool:
    # More usage may make all units cheaper, so what is billed early would have to be given back.
    return isinstance(cell.price, VolumePrice) and not usage.is_final


def _words(charge: Charge, cells: list[Cell], usage: Usage | None) -> Iterator[tuple[str, Fraction]]:
    if usage is None:
        return
    yield from quantity_steps(charge, cells)
    label = charge.unit.display_unit if charge.unit else ""
    for cell in cells:
        title = f"{cell.label}: " if cell.label else ""
        if cell.price is None and cell.units.charged:
            yield f"{title}{units(cell.units.charged, label)} are free", cell.units.charged
        elif _waits(cell, usage):
            yield f"{title}{units(cell.units.charged, label)} so far: {_WAITS}", cell.units.charged


def _by_key(parts: Iterable[Part]) -> dict[str, Part]:
    return {part.key: part for part in parts}


def _rated(
    due: Mapping[str, Part],
    billed: Mapping[str, Part],
    currency: str,
    quantities: tuple[Step, ...] = (),
    free: Decimal = Decimal(0),
) -> Rated:
    lines = tuple(_lines(due, billed))
    amount = sum((line.amount for line in lines), zero(currency))
    return Rated(lines, amount, (*quantities, *_steps(due, billed)), free)


def _lines(due: Mapping[str, Part], billed: Mapping[str, Part]) -> Iterator[DetailedLine]:
    for key, new, old in _pairs(due, billed):
        quantity, amount = to_decimal(new.quantity) - to_decimal(old.quantity), new.rounded - old.rounded
        unit_amount = new.unit_amount
        if amount and not quantity:
            # The same piece at another amount: the difference is shown as one piece.
            quantity, unit_amount = Decimal(1), amount
        if quantity or amount:
            yield DetailedLine(key, new.name, quantity, unit_amount, amount, new.category, new.of)


def _steps(due: Mapping[str, Part], billed: Mapping[str, Part]) -> Iterator[Step]:
    for key, new, _ in _pairs(due, billed):
        text = new.reason + total(new.exact, new.rounded) if key in due else f"{billed[key].reason}: no longer due"
        if key in billed:
            text += f"; already billed {money(billed[key].rounded)}"
        yield Step(text, to_decimal(new.quantity), new.unit_amount, to_decimal(new.exact), new.rounded, key)


def _pairs(due: Mapping[str, Part], billed: Mapping[str, Part]) -> Iterator[tuple[str, Part, Part]]:
    for key in dict.fromkeys((*due, *billed)):
        # A part that is on one side only counts as nothing on the other.
        new = due.get(key) or billed[key].as_nothing()
        yield key, new, billed.get(key) or new.as_nothing()


def _quantity_step(text: str, quantity: Fraction, currency: str) -> Step:
    return Step(text, to_decimal(quantity), Decimal(0), Decimal(0), zero(currency))
