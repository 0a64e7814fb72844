"""Prices as data, in OpenMeter's JSON shape and out of it again."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

NUMERIC = re.compile(r"-?[0-9]+(\.[0-9]+)?")
MAX_DIGITS = 38


class InvalidPrice(ValueError):
    """A price that cannot be; `field` is the JSONPath of what to change, the message says how."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class PaymentTerm(StrEnum):
    """When a flat price falls due: at the start of its period or at the end."""

    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"


@dataclass(frozen=True)
class FlatPrice:
    """One amount for a period, whatever the usage."""

    amount: Decimal
    payment_term: PaymentTerm = PaymentTerm.IN_ADVANCE


@dataclass(frozen=True)
class Tier:
    """Usage above the previous tier's bound up to this one's, inclusive; `up_to` None takes all the rest."""

    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal


@dataclass(frozen=True)
class GraduatedPrice:
    """Each unit at the price of the tier it falls in; each tier's flat amount once the quantity enters it."""

    tiers: tuple[Tier, ...]


Price = FlatPrice | GraduatedPrice


def parse_price(data: Mapping[str, object]) -> Price:
    """
    Read a price from OpenMeter's JSON shape; an absent member means the same as null.

    :raises InvalidPrice: naming the first member that is wrong.
    """
    if not isinstance(data, Mapping):
        raise InvalidPrice("$", "Write the price as an object with a type.")
    kind = data.get("type")
    parse = _PARSERS.get(kind) if isinstance(kind, str) else None
    if parse is None:
        raise InvalidPrice("$.type", f"Set the type of the price to one of: {', '.join(_PARSERS)}.")
    return parse(data)


def price_to_json(price: Price) -> dict[str, object]:
    """Write a price in OpenMeter's JSON shape, numbers as decimal strings; `parse_price` reads it back equal."""
    match price:
        case FlatPrice():
            return {"type": "flat", "amount": f"{price.amount:f}", "paymentTerm": str(price.payment_term)}
        case GraduatedPrice():
            return {"type": "tiered", "mode": "graduated", "tiers": [_tier_to_json(tier) for tier in price.tiers]}


def _parse_flat(data: Mapping[str, object]) -> FlatPrice:
    _refuse_others(data, "$", ("type", "amount", "paymentTerm"))
    return FlatPrice(amount=_number(data, "$", "amount"), payment_term=_payment_term(data.get("paymentTerm")))


def _payment_term(term: object) -> PaymentTerm:
    if term is None:
        return PaymentTerm.IN_ADVANCE
    if not isinstance(term, str) or term not in tuple(PaymentTerm):
        raise InvalidPrice("$.paymentTerm", f"Set paymentTerm to one of: {', '.join(PaymentTerm)}.")
    return PaymentTerm(term)


def _parse_tiered(data: Mapping[str, object]) -> GraduatedPrice:
    _refuse_others(data, "$", ("type", "mode", "tiers"))
    if data.get("mode") != "graduated":
        raise InvalidPrice("$.mode", "Set the mode of the tiered price to graduated.")
    tiers = data.get("tiers")
    if not isinstance(tiers, list | tuple) or not tiers:
        raise InvalidPrice("$.tiers", "List at least one tier.")
    parsed = tuple(_parse_tier(tier, f"$.tiers[{index}]") for index, tier in enumerate(tiers))
    _check_bounds([tier.up_to for tier in parsed])
    return GraduatedPrice(parsed)


_PARSERS: dict[str, Callable[[Mapping[str, object]], Price]] = {"flat": _parse_flat, "tiered": _parse_tiered}


def _parse_tier(data: object, field: str) -> Tier:
    if not isinstance(data, Mapping):
        raise InvalidPrice(field, "Write each tier as an object with flatPrice and unitPrice.")
    _refuse_others(data, field, ("upToAmount", "flatPrice", "unitPrice"))
    return Tier(
        up_to=None if data.get("upToAmount") is None else _number(data, field, "upToAmount"),
        unit_amount=_part_amount(data, field, "unitPrice", "unit"),
        flat_amount=_part_amount(data, field, "flatPrice", "flat"),
    )


def _part_amount(tier: Mapping[str, object], parent: str, name: str, kind: str) -> Decimal:
    part, field = tier.get(name), f"{parent}.{name}"
    if part is None:
        return Decimal(0)
    if not isinstance(part, Mapping):
        raise InvalidPrice(field, f'Write {name} as an object such as {{"type": "{kind}", "amount": "1"}}, or as null.')
    _refuse_others(part, field, ("type", "amount"))
    if part.get("type") != kind:
        raise InvalidPrice(f"{field}.type", f"Set the type of {name} to {kind}.")
    return _number(part, field, "amount")


def _check_bounds(bounds: list[Decimal | None]) -> None:
    if bounds[-1] is not None:
        raise InvalidPrice(
            f"$.tiers[{len(bounds) - 1}].upToAmount",
            "Leave upToAmount out of the last tier: it takes all further usage.",
        )
    floor = None
    for index, bound in enumerate(bounds[:-1]):
        field = f"$.tiers[{index}].upToAmount"
        if bound is None:
            raise InvalidPrice(field, "Give each tier but the last an upToAmount.")
        if floor is not None and bound <= floor:
            raise InvalidPrice(field, f"Raise upToAmount above {floor:f}, the bound of the tier before.")
        floor = bound


def _number(data: Mapping[str, object], parent: str, name: str) -> Decimal:
    text, field = data.get(name), f"{parent}.{name}"
    if not isinstance(text, str) or not NUMERIC.fullmatch(text):
        raise InvalidPrice(field, f'Write {name} as a decimal number in a string, such as "20.00".')
    if any(len(digits) > MAX_DIGITS for digits in text.removeprefix("-").split(".")):
        raise InvalidPrice(field, f"Write {name} with at most {MAX_DIGITS} digits on either side of the point.")
    number = Decimal(text)
    if number < 0:
        raise InvalidPrice(field, f"Set {name} to zero or more.")
    return number.copy_abs()


def _refuse_others(data: Mapping[str, object], field: str, known: Collection[str]) -> None:
    # A member that is not understood could be the one that changes the bill, so it is never passed over.
    for name, value in data.items():
        if name not in known and value is not None:
            raise InvalidPrice(f"{field}.{name}", f"Remove {name}: only {', '.join(known)} can be set here.")


def _tier_to_json(tier: Tier) -> dict[str, object]:
    bound = {} if tier.up_to is None else {"upToAmount": f"{tier.up_to:f}"}
    flat = {"type": "flat", "amount": f"{tier.flat_amount:f}"} if tier.flat_amount else None
    # OpenMeter's clients expect at least one of the two, so a free tier shows its unit price of zero.
    unit = {"type": "unit", "amount": f"{tier.unit_amount:f}"} if tier.unit_amount or flat is None else None
    return {**bound, "flatPrice": flat, "unitPrice": unit}
