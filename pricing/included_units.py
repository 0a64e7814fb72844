"""Pure: how many units a rate card includes, said once: in its price and in its entitlement together."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pricing.entitlement_templates import METERED, allowance_of
from pricing.terms import JsonObject, Terms

ZERO = Decimal(0)


class CannotInclude(ValueError):
    """The rate card has no place for included units; the message says what to change."""


def included_units(terms: Terms) -> Decimal | None:
    """Return how many units are included, as the price says, else as the entitlement does; None if neither does."""
    free = free_quantity(terms)
    return free if free is not None else allowance_of(terms.entitlement_template)


def free_quantity(terms: Terms) -> Decimal | None:
    """Return how many units of each period the price leaves free: its usage discount and a first tier without price."""
    discount, tier = _usage_discount(terms.discounts), _free_tier(terms.price)
    return None if discount is None and tier is None else (discount or ZERO) + (tier or ZERO)


def with_included_units(terms: Terms, quantity: Decimal | None) -> Terms:
    """
    Return the terms with that many units included, None for no included units.

    A graduated price whose first tier is free gets a longer or shorter one, any other usage price a usage discount. The
    metered entitlement issues as many, and is made if there is none: a soft limit where more is charged for.

    :raises CannotInclude: if the price is flat, the entitlement is another one, or the tiers leave no room.
    """
    if quantity is not None and quantity < 0:
        raise CannotInclude("Include zero units or more.")
    priced = _with_free_quantity(terms, quantity or ZERO)
    return replace(priced, entitlement_template=_template(terms, quantity))


def _with_free_quantity(terms: Terms, quantity: Decimal) -> Terms:
    if terms.price is None:
        return terms
    if terms.price["type"] == "flat":
        return terms
    if _free_tier(terms.price) is None:
        return replace(terms, discounts=_discounts(terms.discounts, quantity))
    price = _with_free_tier(terms.price, quantity)
    return replace(terms, price=price, discounts=_discounts(terms.discounts, ZERO))


def _template(terms: Terms, quantity: Decimal | None) -> JsonObject | None:
    template = terms.entitlement_template
    if template is None:
        if quantity is None:
            return None
        is_charged = terms.price is not None and terms.price["type"] != "flat"
        return {"type": METERED, "isSoftLimit": is_charged, "issueAfterReset": f"{quantity:f}"}
    if template["type"] != METERED:
        if quantity is None:
            return template
        raise CannotInclude(f"Make the entitlement metered to include units: it is {template['type']}.")
    return None if quantity is None else {**template, "issueAfterReset": f"{quantity:f}"}


def _usage_discount(discounts: JsonObject | None) -> Decimal | None:
    usage = (discounts or {}).get("usage")
    return None if usage is None else Decimal(usage["quantity"])


def _discounts(discounts: JsonObject | None, quantity: Decimal) -> dict[str, Any] | None:
    others = {name: value for name, value in (discounts or {}).items() if name != "usage"}
    usage = {"usage": {**(discounts or {}).get("usage", {}), "quantity": f"{quantity:f}"}} if quantity else {}
    return {**others, **usage} or None


def _free_tier(price: JsonObject | None) -> Decimal | None:
    if price is None or price["type"] != "tiered" or price["mode"] != "graduated":
        return None
    first = price["tiers"][0]
    is_free = not any(Decimal((first.get(part) or {"amount": "0"})["amount"]) for part in ("flatPrice", "unitPrice"))
    return Decimal(first["upToAmount"]) if is_free and first.get("upToAmount") is not None else None


def _with_free_tier(price: JsonObject, quantity: Decimal) -> dict[str, Any]:
    first, *others = price["tiers"]
    bound: Mapping[str, Any] = others[0]
    if bound.get("upToAmount") is not None and quantity >= Decimal(bound["upToAmount"]):
        raise CannotInclude(f"Include fewer than {bound['upToAmount']} units, where the next tier ends.")
    return {**price, "tiers": [{**first, "upToAmount": f"{quantity:f}"}, *others] if quantity else others}
