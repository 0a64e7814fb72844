"""What comes off the parts of a price, and what is missing to its minimum."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from pricing.money import quantize, zero
from pricing.prices import Charge
from pricing.rating.parts import Frame, Part
from pricing.rating.usage import Usage
from pricing.rating.words import money, plain


def with_reductions(parts: Iterable[Part], charge: Charge, frame: Frame, usage: Usage) -> Iterator[Part]:
    """
    Yield each part followed by its percentage discount and by what of it is above the maximum, the minimum last.

    The maximum fills up in the order of the parts; both commitments look at what the parts come to after discounts.
    """
    room = _commitment(charge.maximum, charge, frame, usage)
    spent = zero(frame.currency)
    for part in parts:
        discounts = list(_percentage(part, charge, frame))
        yield from (part, *discounts)
        net = part.rounded + sum(discount.rounded for discount in discounts)
        if room is not None and net > room:
            yield _above_maximum(part, net, room, charge, frame, usage)
            net = room
        room = None if room is None else room - net
        spent += net
    least = _commitment(charge.minimum, charge, frame, usage)
    if least is not None and usage.is_final and spent < least:
        title = _title("Minimum", charge.minimum, charge, usage)
        yield shortfall(least, spent, f"{frame.name}: minimum spend", title)


def shortfall(least: Decimal, spent: Decimal, name: str, title: str) -> Part:
    """Return the part that fills up what was spent to the least that is due."""
    amount = least - spent
    reason = f"{title} less charges of {money(spent)}"
    return Part("minimum_spend", name, reason, Fraction(1), amount, Fraction(amount), amount, "commitment")


def scaled(amount: Decimal, share: Fraction, currency: str) -> Decimal:
    """Return a share of an amount, rounded half away from zero to the currency's digits."""
    return quantize(Fraction(amount) * share, currency)


def _commitment(amount: Decimal | None, charge: Charge, frame: Frame, usage: Usage) -> Decimal | None:
    if amount is None:
        return None
    return scaled(amount, usage.part if charge.prorate_commitments else Fraction(1), frame.currency)


def _percentage(part: Part, charge: Charge, frame: Frame) -> Iterator[Part]:
    percentage = charge.discounts.percentage
    exact = -Fraction(part.rounded) * Fraction(percentage) / 100
    if quantize(exact, frame.currency):
        text = f"{plain(percentage)} % discount"
        yield _discount(part, "percentage", f"{part.name}: {text}", f"{text} on {money(part.rounded)}", exact, frame)


def _above_maximum(part: Part, net: Decimal, room: Decimal, charge: Charge, frame: Frame, usage: Usage) -> Part:
    title = _title("Maximum", charge.maximum, charge, usage)
    reason = f"{title}: of these {money(net)}, {money(room)} still fit below it"
    name = f"Maximum spend discount for charges over {plain(charge.maximum or Decimal(0))}"
    return _discount(part, "maximum_spend", name, reason, Fraction(room - net), frame)


def _discount(part: Part, kind: str, name: str, reason: str, exact: Fraction, frame: Frame) -> Part:
    rounded = quantize(exact, frame.currency)
    return Part(f"{part.key}.{kind}", name, reason, Fraction(1), rounded, exact, rounded, "discount", part.key)


def _title(which: str, amount: Decimal | None, charge: Charge, usage: Usage) -> str:
    title = f"{which} spend of {money(amount or Decimal(0))}"
    if charge.prorate_commitments and usage.part != 1:
        title += f" for {usage.part} of the period"
    return title
