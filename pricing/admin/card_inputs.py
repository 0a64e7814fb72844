"""Discounts, units, entitlement and tax of a rate card, out of the editor's inputs and into them again."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from metering.admin.forms import PairsField
from pricing.admin.editor_rows import Tree
from pricing.admin.price_forms import blank_price, price_tree
from pricing.admin.row_forms import written
from pricing.entitlement_templates import METERED, STATIC, allowance_of
from pricing.included_units import free_quantity, included_units, with_included_units
from pricing.terms import JsonObject, Terms

FROM_UNITS, NO_ENTITLEMENT = "", "none"
# Where a rate card's JSONPath leads: the first start that fits.
PATHS = {
    ".name": "name",
    ".key": "key",
    ".featureKey": "feature",
    ".billingCadence": "cadence",
    ".description": "description",
    ".type": "type",
    ".metadata": "metadata",
    ".amount": "amount",
    ".paymentTerm": "payment_term",
    ".quantityPerPackage": "size",
    ".multiplier": "multiplier",
    ".flatPriceAtZeroUsage": "flat_at_zero",
    ".minimumAmount": "minimum",
    ".maximumAmount": "maximum",
    ".dimensions": "dimensions",
    ".discounts.usage": "included",
    ".discounts": "percentage",
    ".unitConfig.conversionFactor": "unit_factor",
    ".unitConfig.rounding": "unit_rounding",
    ".unitConfig.precision": "unit_precision",
    ".unitConfig.displayUnit": "unit_display",
    ".unitConfig": "unit_operation",
    ".entitlementTemplate.issueAfterResetPriority": "priority",
    ".entitlementTemplate.issueAfterReset": "allowance",
    ".entitlementTemplate.isSoftLimit": "is_soft",
    ".entitlementTemplate.preserveOverageAtReset": "preserve_overage",
    ".entitlementTemplate.usagePeriod": "usage_period",
    ".entitlementTemplate.config": "config",
    ".entitlementTemplate": "entitlement",
    ".taxConfig.stripe": "tax_code",
    ".taxConfig": "tax_behavior",
    "": "kind",
}
_TEMPLATE_INPUTS = {
    "issueAfterReset": "allowance",
    "issueAfterResetPriority": "priority",
    "usagePeriod": "usage_period",
    "config": "config",
}
_TEMPLATE_FLAGS = {"isSoftLimit": "is_soft", "preserveOverageAtReset": "preserve_overage"}
_METADATA = PairsField(example="team = inference", required=False)


def kept_of(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a card holds beyond its inputs, by what it belongs to."""
    kept = data["kept"] if isinstance(data["kept"], dict) else {}
    return {name: part for name, part in kept.items() if isinstance(part, dict)}


def discounts_json(data: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the discounts as the service takes them; included units come later."""
    found = {}
    if data["percentage"] is not None:
        found["percentage"] = {**kept.get("percentage", {}), "percentage": written(data["percentage"])}
    if kept.get("usage"):
        found["usage"] = {**kept["usage"], "quantity": "0"}
    return found or None


def unit_json(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the unit conversion as the service takes it, None for none."""
    if not data["unit_operation"]:
        return None
    found = {
        "operation": data["unit_operation"],
        "conversionFactor": written(data["unit_factor"]),
        "rounding": data["unit_rounding"] or None,
        "precision": _whole(data["unit_precision"]),
        "displayUnit": data["unit_display"] or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def template_json(data: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the entitlement as the service takes it; the allowance may follow from the included units."""
    chosen, others = data["entitlement"], kept.get("template", {})
    match chosen:
        case "metered":
            found = {
                **others,
                "type": METERED,
                "isSoftLimit": data["is_soft"],
                "issueAfterReset": written(data["allowance"]),
                "issueAfterResetPriority": _whole(data["priority"]),
                "preserveOverageAtReset": True if data["preserve_overage"] else None,
                "usagePeriod": data["usage_period"] or None,
            }
            return {name: value for name, value in found.items() if value is not None}
        case "static":
            return {**others, "type": STATIC, "config": data["config"]}
        case "boolean":
            return {**others, "type": chosen}
    return None


def tax_json(data: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the tax as the service takes it, None for the default."""
    stripe = {"stripe": {"code": data["tax_code"]}} if data["tax_code"] else {}
    behavior = {"behavior": data["tax_behavior"]} if data["tax_behavior"] else {}
    return {**kept.get("tax", {}), **behavior, **stripe} or None


def blank_card() -> Tree:
    """Return the inputs of a new rate card."""
    return {"cadence": "P1M", **blank_price("flat")}


def card_tree(terms: Terms) -> Tree:
    """Return stored terms as inputs."""
    price = terms.price or {}
    is_flat = price.get("type", "flat") == "flat"
    return {
        "name": terms.name,
        "feature": str(terms.feature_id or ""),
        "key": terms.key,
        "cadence": terms.billing_cadence or "",
        "type": "" if terms.type == ("flat_fee" if is_flat else "usage_based") else terms.type,
        "description": terms.description,
        "minimum": str(price.get("minimumAmount") or ""),
        "maximum": str(price.get("maximumAmount") or ""),
        "prorate_commitments": "on" if terms.prorate_commitments else "",
        **price_tree(terms.price),
        **_unit_tree(terms.unit_config or {}),
        **_entitlement_tree(terms),
        **_kept_tree(terms),
    }


def _unit_tree(unit: JsonObject) -> Tree:
    names = {
        "operation": "unit_operation",
        "conversionFactor": "unit_factor",
        "rounding": "unit_rounding",
        "precision": "unit_precision",
        "displayUnit": "unit_display",
    }
    return {ours: str(unit[name]) for name, ours in names.items() if unit.get(name) is not None}


def _entitlement_tree(terms: Terms) -> Tree:
    template = terms.entitlement_template
    free, allowance = free_quantity(terms), allowance_of(template)
    is_priced = terms.price is not None and terms.price["type"] != "flat"
    # Two kinds of free units, or none in the price: then the allowance is shown by itself, as a limit.
    is_apart = is_priced and allowance is not None and allowance != free
    included = free if is_apart else included_units(terms)
    shown = "" if included is None else f"{included:f}"
    tree = {"included": shown, "included_was": shown}
    bare = replace(terms, entitlement_template=None)
    if template is None:
        return tree | {"entitlement": FROM_UNITS if free is None else NO_ENTITLEMENT}
    if not is_apart and included is not None and with_included_units(bare, included).entitlement_template == template:
        return tree | {"entitlement": FROM_UNITS}
    tree |= {ours: str(template[name]) for name, ours in _TEMPLATE_INPUTS.items() if template.get(name) is not None}
    tree |= {ours: "on" for name, ours in _TEMPLATE_FLAGS.items() if template.get(name)}
    return tree | {"entitlement": template["type"], "allowance": tree.get("allowance", "") if is_apart else ""}


def _kept_tree(terms: Terms) -> Tree:
    discounts, tax = terms.discounts or {}, terms.tax_config or {}
    percentage, usage = discounts.get("percentage") or {}, discounts.get("usage") or {}
    shows_metadata = _METADATA.can_show(terms.metadata)
    kept = {
        "percentage": _without(percentage, "percentage"),
        "usage": _without(usage, "quantity"),
        "template": _without(terms.entitlement_template or {}, "type", *_TEMPLATE_INPUTS, *_TEMPLATE_FLAGS),
        "tax": _without(tax, "behavior", "stripe"),
        "metadata": {} if shows_metadata else dict(terms.metadata),
    }
    return {
        "percentage": str(percentage.get("percentage", "")),
        "tax_behavior": tax.get("behavior") or "",
        "tax_code": (tax.get("stripe") or {}).get("code", ""),
        "metadata": _METADATA.prepare_value(terms.metadata) if shows_metadata else "",
        "kept": json.dumps({name: part for name, part in kept.items() if part}),
    }


def _without(data: JsonObject, *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def _whole(text: str) -> int | str | None:
    # What is no whole number goes on as it is: the service says what to write instead.
    try:
        return int(text) if text else None
    except ValueError:
        return text
