"""From what a meter counted to the units that a price is charged for: conversion, earlier usage, free units."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pricing.prices import Charge, FlatPrice, MatrixPrice, Operation, UnitConfig, UnitRounding, UsagePrice
from pricing.rating.usage import Usage
from pricing.rating.words import plain, units

_ROUNDED = {
    UnitRounding.CEILING: "rounded up to",
    UnitRounding.FLOOR: "rounded down to",
    UnitRounding.HALF_UP: "rounded to",
}


@dataclass(frozen=True)
class Units:
    """
    Units in the order they were used: those above `start` up to `end` are charged here.

    Those up to `start` were charged under an earlier item. Free ones are left out on both sides: `free` of them were
    used up here. `is_first` says that no earlier item was billed in the period.
    """

    start: Fraction
    end: Fraction
    free: Fraction = Fraction(0)
    is_first: bool = True

    @property
    def charged(self) -> Fraction:
        return self.end - self.start


@dataclass(frozen=True)
class Cell:
    """Usage with the one price that holds for it; `key` and `label` are empty unless a matrix has it."""

    key: str
    label: str
    price: UsagePrice | None
    units: Units
    metered: Fraction
    carried: Fraction


def cells_of(charge: Charge, usage: Usage) -> list[Cell]:
    """
    Return what a price is charged for, cell by cell; a price that is no matrix has one, a flat price none.

    The free units go to the cells in their order.

    :raises ValueError: if a matrix price has usage that is not split into its cells.
    """
    free = carried_free = Fraction(charge.discounts.usage)
    found = []
    for key, label, price, quantity, earlier in _metered(charge, usage):
        carried = max(Fraction(earlier), Fraction(0))
        metered = max(Fraction(quantity), Fraction(0))
        start, end = convert(charge.unit, carried), convert(charge.unit, carried + metered)
        used, used_before = min(end, free), min(start, carried_free)
        counted = Units(start - used_before, end - used, used - used_before, usage.is_first and not carried)
        found.append(Cell(key, label, price, counted, metered, carried))
        free, carried_free = free - used, carried_free - used_before
    return found


def convert(unit: UnitConfig | None, quantity: Fraction) -> Fraction:
    """Return a quantity in the unit that is billed, rounded as that unit says."""
    return quantity if unit is None else _round(unit, _scale(unit, quantity))


def quantity_steps(charge: Charge, cells: list[Cell]) -> Iterator[tuple[str, Fraction]]:
    """Yield what happened to the quantities, in words, with the quantity that came of it."""
    unit = charge.unit
    label = unit.display_unit if unit else ""
    for cell in cells:
        of_cell = f"{cell.label}: " if cell.label else ""
        if cell.carried:
            text = f"{of_cell}{units(cell.carried, '')} of this period, billed under an earlier price, count first"
            yield text, cell.carried
        if unit is not None and (cell.metered or not cell.label):
            yield f"{of_cell}{_conversion(unit, cell.carried + cell.metered)}", cell.units.end + cell.units.free
    if charge.discounts.usage:
        free, left = sum((cell.units.free for cell in cells), Fraction(0)), _charged(cells)
        included = units(Fraction(charge.discounts.usage), label)
        yield f"Free units: {plain(free)} of {included} a period, which leaves {units(left, label)} to pay", left


def _charged(cells: list[Cell]) -> Fraction:
    return sum((cell.units.charged for cell in cells), Fraction(0))


def _metered(charge: Charge, usage: Usage) -> Iterator[tuple[str, str, UsagePrice | None, Decimal, Decimal]]:
    price = charge.price
    if isinstance(price, FlatPrice):
        return
    if not isinstance(price, MatrixPrice):
        yield "", "", price, usage.quantity, usage.carried
        return
    if (usage.quantity and not usage.cells) or (usage.carried and not usage.carried_cells):
        raise ValueError("Split the usage of a matrix price into its cells: use matrix_cells.")
    now, before = dict(usage.cells), dict(usage.carried_cells)
    for key, match, of_cell in price.priced_cells():
        label = ", ".join(f"{name} {value}" for name, value in match) or "All other usage"
        yield key, label, of_cell, now.get(key, Decimal(0)), before.get(key, Decimal(0))


def _scale(unit: UnitConfig, quantity: Fraction) -> Fraction:
    factor = Fraction(unit.factor)
    return quantity * factor if unit.operation == Operation.MULTIPLY else quantity / factor


def _round(unit: UnitConfig, quantity: Fraction) -> Fraction:
    # In integers, as quantities are never negative: no division is cut before it is rounded.
    scale = Fraction(10) ** unit.precision
    scaled = quantity * scale
    match unit.rounding:
        case UnitRounding.CEILING:
            return Fraction(-(-scaled.numerator // scaled.denominator)) / scale
        case UnitRounding.FLOOR:
            return Fraction(scaled.numerator // scaled.denominator) / scale
        case UnitRounding.HALF_UP:
            return Fraction((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)) / scale
        case UnitRounding.NONE:
            return quantity


def _conversion(unit: UnitConfig, quantity: Fraction) -> str:
    sign = "x" if unit.operation == Operation.MULTIPLY else "/"
    scaled = _scale(unit, quantity)
    text = f"Unit conversion: {plain(quantity)} {sign} {plain(unit.factor)} = "
    if unit.rounding == UnitRounding.NONE:
        return text + units(scaled, unit.display_unit)
    return f"{text}{plain(scaled)}, {_ROUNDED[unit.rounding]} {units(_round(unit, scaled), unit.display_unit)}"
