"""Inputs for a price of every kind, and prices as such inputs."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from metering.admin.forms import PairsField
from pricing.admin.editor_rows import Tree
from pricing.admin.row_forms import AmountField, RowForm, choice_field, flag_field, text_field, written
from pricing.terms import JsonObject

TIERED = ("graduated", "volume")
USAGE_KINDS = (
    ("unit", "By the unit"),
    ("graduated", "Graduated tiers: each unit at the price of its tier"),
    ("volume", "Volume tiers: all units at the price of one tier"),
    ("package", "By the package"),
    ("dynamic", "Dynamic: the meter reports money"),
)
# The inputs that count for each kind of price.
_INPUTS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "flat": ("amount", "payment_term"),
    "unit": ("amount",),
    "graduated": ("flat_at_zero",),
    "volume": ("flat_at_zero",),
    "package": ("amount", "size"),
    "dynamic": ("multiplier",),
    "matrix": ("dimensions",),
}
_OF_ONE_KIND = frozenset(name for names in _INPUTS.values() for name in names)


class TierForm(RowForm):
    up_to = AmountField("Up to", placeholder="and above")
    unit = AmountField("Price per unit", placeholder="0")
    flat = AmountField("Flat price", placeholder="0")
    paths = {".upToAmount": "up_to", ".unitPrice": "unit", ".flatPrice": "flat", "": "up_to"}

    @property
    def is_blank(self) -> bool:
        return not any(value.strip() for value in self.data.values())

    def to_json(self) -> dict[str, Any]:
        """Return the tier as the service takes it."""
        data = self.cleaned_data
        flat = None if data["flat"] is None else {"type": "flat", "amount": written(data["flat"])}
        unit = data["unit"] if data["unit"] is not None or flat else 0
        return {
            **({} if data["up_to"] is None else {"upToAmount": written(data["up_to"])}),
            "flatPrice": flat,
            "unitPrice": None if unit is None else {"type": "unit", "amount": f"{unit:f}"},
        }


class UsagePriceForm(RowForm):
    """A price for usage; which inputs count depends on its kind."""

    lists: ClassVar[Mapping[str, type[RowForm]]] = {"tiers": TierForm}
    json_lists: ClassVar[Mapping[str, str]] = {"tiers": "tiers"}
    paths: ClassVar[Mapping[str, str]] = {
        ".amount": "amount",
        ".quantityPerPackage": "size",
        ".multiplier": "multiplier",
        ".flatPriceAtZeroUsage": "flat_at_zero",
        "": "kind",
    }

    kind = choice_field("Price", USAGE_KINDS, required=True)
    amount = AmountField("Amount", placeholder="0.00")
    size = AmountField("Units in a package", placeholder="1000")
    multiplier = AmountField("Multiplier", placeholder="1", help_text="1.2 adds a fifth to what the meter reports.")
    flat_at_zero = flag_field("Charge the flat price of tier 1 without usage too")

    @property
    def shown_kind(self) -> str:
        return str(self["kind"].value() or "")

    def counted(self, name: str) -> list[Any]:
        if name != "tiers":
            return super().counted(name)
        return [row for row in self.rows["tiers"] if not row.is_blank] if self.shown_kind in TIERED else []

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in _OF_ONE_KIND.difference(_INPUTS.get(self.shown_kind, ())):
            self.errors.pop(name, None)
        return data

    def price_json(self) -> dict[str, Any] | None:
        """Return the price as the service takes it; what is missing is for the service to say."""
        data = self.cleaned_data
        match data["kind"]:
            case "unit":
                return {"type": "unit", "amount": written(data["amount"])}
            case "package":
                size, amount = written(data["size"]), written(data["amount"])
                return {"type": "package", "amount": amount, "quantityPerPackage": size}
            case "dynamic":
                return {"type": "dynamic", "multiplier": written(data["multiplier"])}
            case "graduated" | "volume":
                tiers = [row.to_json() for row in self.counted("tiers")]
                # OpenMeter's prices have no such switch, so it is only written where it is off.
                switch = {} if data["flat_at_zero"] else {"flatPriceAtZeroUsage": False}
                return {"type": "tiered", "mode": data["kind"], "tiers": tiers, **switch}
        return None


class CellForm(UsagePriceForm):
    """A cell of a matrix: the group values that it is for, and its price."""

    paths = {".match": "match", **UsagePriceForm.paths}
    match = PairsField(example="region = eu", required=False, help_text="One group = value a line.")

    def show_issue(self, path: str, message: str) -> None:
        super().show_issue(path.removeprefix(".price"), message)

    def to_json(self) -> dict[str, Any]:
        """Return the cell as the service takes it."""
        return {"match": self.cleaned_data["match"], "price": self.price_json()}


class PriceForm(UsagePriceForm):
    """A price of any kind."""

    lists = {"tiers": TierForm, "cells": CellForm, "rest": UsagePriceForm}
    json_lists = {"tiers": "tiers", "cells": "cells"}

    kind = choice_field(
        "Price",
        [
            ("flat", "Flat: one amount a period"),
            *USAGE_KINDS,
            ("matrix", "Matrix: by group values of the usage"),
            ("none", "No price: access alone"),
        ],
        required=True,
    )
    payment_term = choice_field("Paid", [("in_advance", "In advance"), ("in_arrears", "In arrears")])
    dimensions = text_field("Groups that decide the price", placeholder="region, tier")

    def counted(self, name: str) -> list[Any]:
        if name in ("cells", "rest"):
            return self.rows[name] if self.shown_kind == "matrix" else []
        return super().counted(name)

    def price_json(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        match data["kind"]:
            case "flat":
                term = data["payment_term"] or "in_advance"
                return {"type": "flat", "amount": written(data["amount"]), "paymentTerm": term}
            case "matrix":
                rest = self.counted("rest")
                return {
                    "type": "matrix",
                    "dimensions": [name.strip() for name in data["dimensions"].split(",") if name.strip()],
                    "cells": [row.to_json() for row in self.counted("cells")],
                    "default": rest[0].price_json() if rest else None,
                }
        return super().price_json()


def blank_price(kind: str = "unit") -> Tree:
    """Return the inputs of a new price."""
    return {"kind": kind, "payment_term": "in_advance", "flat_at_zero": "on", "tiers": [{}, {}]}


def price_tree(price: JsonObject | None) -> Tree:
    """Return a stored price as inputs."""
    if price is None:
        return blank_price("none")
    tree = blank_price(price["type"])
    match price["type"]:
        case "tiered":
            at_zero = "on" if price.get("flatPriceAtZeroUsage") in (None, True) else ""
            tiers = [_tier_tree(tier) for tier in price["tiers"]]
            tree |= {"kind": price["mode"], "tiers": tiers, "flat_at_zero": at_zero}
        case "matrix":
            rest = price.get("default")
            tree |= {
                "dimensions": ", ".join(price["dimensions"]),
                "cells": [
                    {
                        "match": "\n".join(
                            f"{name} = {value}" for name in price["dimensions"] if (value := cell["match"].get(name))
                        )
                    }
                    | price_tree(cell["price"])
                    for cell in price["cells"]
                ],
                "rest": [] if rest is None else [price_tree(rest)],
            }
        case _:
            names = {"amount": "amount", "quantityPerPackage": "size", "multiplier": "multiplier"}
            tree |= {ours: str(price[name]) for name, ours in names.items() if price.get(name) is not None}
            tree["payment_term"] = price.get("paymentTerm") or "in_advance"
    return tree


def _tier_tree(tier: JsonObject) -> Tree:
    parts = {"unit": tier.get("unitPrice"), "flat": tier.get("flatPrice")}
    amounts = {name: str(part["amount"]) for name, part in parts.items() if part is not None}
    return {"up_to": str(tier.get("upToAmount") or "")} | amounts


def is_chosen(field: forms.BoundField) -> bool:
    """Whether an input says something else than nothing."""
    return field.value() not in (None, "", False, "none")
