"""What each part of a price costs, from the start of the period up to some quantity."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from pricing.money import quantize
from pricing.prices import (
    DynamicPrice,
    FlatPrice,
    GraduatedPrice,
    PackagePrice,
    Tier,
    UnitPrice,
    UsagePrice,
    VolumePrice,
)
from pricing.rating.quantities import Cell, Units
from pricing.rating.words import money, plain, units


@dataclass(frozen=True)
class Part:
    """One part, as it stands in the period so far; `reason` is its sum in words."""

    key: str
    name: str
    reason: str
    quantity: Fraction
    unit_amount: Decimal
    exact: Fraction
    rounded: Decimal
    category: str = "regular"
    of: str = ""

    def as_nothing(self) -> "Part":
        """Return the same part before it cost anything."""
        return replace(self, quantity=Fraction(0), exact=Fraction(0), rounded=(self.rounded * 0).copy_abs())


@dataclass(frozen=True)
class Frame:
    """
    What all parts of a line have in common: the line's name, the currency, the name of a unit.

    `cell` and `label` are those of a cell of a matrix, empty elsewhere.
    """

    name: str
    currency: str
    unit: str = ""
    cell: str = ""
    label: str = ""

    def of_cell(self, cell: Cell) -> "Frame":
        """Return the frame of the parts of one cell."""
        return replace(self, cell=f"{cell.key}_", label=f"{cell.label}: ") if cell.key else self

    def part(self, key: str, title: str, reason: str, quantity: Fraction, unit_amount: Decimal) -> Part:
        """Return a part that costs its quantity times its unit amount, rounded once."""
        exact = quantity * Fraction(unit_amount)
        name = f"{self.name}: {self.label}{title}" if title else self.name
        rounded = quantize(exact, self.currency)
        return Part(self.cell + key, name, self.label + reason, quantity, unit_amount, exact, rounded)


def flat_parts(price: FlatPrice, frame: Frame, share: Fraction) -> Iterator[Part]:
    """Yield the one part of a flat price, scaled to a share of the period; none where that is nothing."""
    part = frame.part("flat", "", "Flat price", Fraction(1), price.amount)
    if share != 1:
        exact = part.exact * share
        rounded = quantize(exact, frame.currency)
        # Shown as one piece at its rounded price, so that quantity times unit amount is what the line says.
        reason = f"Flat price: {money(price.amount)} for {share} of the period"
        part = replace(part, reason=reason, unit_amount=rounded, exact=exact, rounded=rounded)
    if part.rounded:
        yield part


def usage_parts(price: UsagePrice, frame: Frame, used: Units) -> Iterator[Part]:
    """Yield the parts of a price for usage, in the order of its tiers."""
    match price:
        case UnitPrice(amount):
            reason = f"{units(used.charged, frame.unit)} at {plain(amount)} each"
            yield frame.part("usage", "usage in period", reason, used.charged, amount)
        case DynamicPrice(multiplier):
            reason = f"{plain(used.charged)} reported by the meter x {plain(multiplier)}"
            yield frame.part("usage", "usage in period", reason, used.charged, multiplier)
        case PackagePrice():
            yield _package_part(price, frame, used)
        case GraduatedPrice():
            yield from _graduated_parts(price, frame, used)
        case VolumePrice():
            yield from _volume_parts(price, frame, used)


def _package_part(price: PackagePrice, frame: Frame, used: Units) -> Part:
    size = Fraction(price.size)
    begun, paid = (-(-edge // size) for edge in (used.end, used.start))
    count = Fraction(begun - paid)
    packages = f"{plain(count)} package{'' if count == 1 else 's'} of {units(size, frame.unit)}"
    earlier = f", {plain(Fraction(paid))} of them billed under an earlier price" if paid else ""
    covered = f"{units(used.end, frame.unit)} begin {plain(Fraction(begun))}{earlier}"
    reason = f"{packages} at {plain(price.amount)} each: {covered}"
    return frame.part("usage", "usage in period", reason, count, price.amount)


def _graduated_parts(price: GraduatedPrice, frame: Frame, used: Units) -> Iterator[Part]:
    floor = Fraction(0)
    for number, tier in enumerate(price.tiers, start=1):
        # The first tier counts as entered even without usage.
        if number > 1 and used.end <= floor:
            return
        ceiling = used.end if tier.up_to is None else min(used.end, Fraction(tier.up_to))
        start = min(max(floor, used.start), ceiling)
        if ceiling > start or (number == 1 and not used.start):
            span = f"{units(ceiling - start, frame.unit)} from {plain(start)} to {plain(ceiling)}"
            reason = f"Tier {number}: {span} at {plain(tier.unit_amount)} each"
            title = f"usage price for tier {number}"
            yield frame.part(f"tier_{number}_usage", title, reason, ceiling - start, tier.unit_amount)
        if tier.flat_amount and _is_entered(number, floor, used, price.flat_at_zero):
            yield _flat_of_tier(number, tier, floor, frame)
        floor = ceiling


def _volume_parts(price: VolumePrice, frame: Frame, used: Units) -> Iterator[Part]:
    number, tier, floor = _tier_of(price, used.end)
    of_all = f"{units(used.end, frame.unit)} in all" if used.start else "all units"
    reason = f"Tier {number}: {units(used.charged, frame.unit)} at {plain(tier.unit_amount)} each"
    reason += f", as {of_all} are priced at the tier that the whole quantity falls in"
    title = f"unit price for tier {number}"
    yield frame.part(f"tier_{number}_unit", title, reason, used.charged, tier.unit_amount)
    if tier.flat_amount and _is_entered(number, floor, used, price.flat_at_zero):
        yield _flat_of_tier(number, tier, floor, frame)


def _tier_of(price: VolumePrice, quantity: Fraction) -> tuple[int, Tier, Fraction]:
    floor = Fraction(0)
    for number, tier in enumerate(price.tiers, start=1):
        if tier.up_to is None or quantity <= Fraction(tier.up_to):
            return number, tier, floor
        floor = Fraction(tier.up_to)
    raise AssertionError("The last tier is open.")


def _is_entered(number: int, floor: Fraction, used: Units, at_zero: bool) -> bool:
    """Tell whether a tier that the quantity reaches was entered here, not under an earlier item."""
    if number == 1 and at_zero:
        return used.is_first
    return used.end > floor >= used.start


def _flat_of_tier(number: int, tier: Tier, floor: Fraction, frame: Frame) -> Part:
    reason = f"Tier {number}: flat price" + (f" for going above {units(floor, frame.unit)}" if number > 1 else "")
    return frame.part(f"tier_{number}_flat", f"flat price for tier {number}", reason, Fraction(1), tier.flat_amount)
