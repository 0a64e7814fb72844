"""Charges as short as a test can write them, and their bills."""

from decimal import Decimal
from fractions import Fraction

from pricing.prices import Charge, GraduatedPrice, Tier, VolumePrice, parse_charge
from pricing.rating import Usage, rate

WHOLE = Fraction(1)


def tiers(*rows):
    """Tiers as (up to, unit amount, flat amount)."""
    return tuple(
        Tier(None if up_to is None else Decimal(up_to), Decimal(unit), Decimal(flat)) for up_to, unit, flat in rows
    )


def graduated(*rows, **more):
    return GraduatedPrice(tiers(*rows), **more)


def volume(*rows, **more):
    return VolumePrice(tiers(*rows), **more)


def charge_of_unit(amount, **members):
    """A unit price; `members` are those of the rate card, and the price's minimumAmount and maximumAmount."""
    return charge({"type": "unit", "amount": amount}, **members)


def charge(price, **members):
    commitments = {name: members.pop(name) for name in ("minimumAmount", "maximumAmount") if name in members}
    return parse_charge(price={**price, **commitments}, **members)


def percent_off(percentage):
    return {"percentage": {"percentage": percentage}}


def free_units(quantity):
    return {"usage": {"quantity": quantity}}


def bill(price, before, now, *, currency="USD", part=WHOLE, carried="0", was_final=True, is_final=True):
    """Rate quantities under a price or a charge."""
    charged = price if isinstance(price, Charge) else Charge(price)
    billed = None if before is None else Usage(Decimal(before), Decimal(carried), part=part, is_final=was_final)
    used = Usage(Decimal(now), Decimal(carried), part=part, is_final=is_final)
    return rate(charge=charged, name="Tokens", currency=currency, before=billed, now=used)


def amounts(rated):
    return {line.key: str(line.amount) for line in rated.lines}


def texts(rated):
    return [step.text for step in rated.steps]
