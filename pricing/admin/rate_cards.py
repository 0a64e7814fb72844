"""The editor of a rate card, of a plan and of an add-on alike."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q
from unfold.widgets import UnfoldAdminSelectWidget

from metering.admin.forms import PairsField
from pricing.admin.card_inputs import (
    FROM_UNITS,
    NO_ENTITLEMENT,
    PATHS,
    discounts_json,
    kept_of,
    tax_json,
    template_json,
    unit_json,
)
from pricing.admin.display import cadence_choices
from pricing.admin.price_forms import PriceForm, is_chosen
from pricing.admin.row_forms import AmountField, choice_field, flag_field, note_field, text_field, written
from pricing.entitlement_templates import METERED
from pricing.included_units import CannotInclude, free_quantity, with_included_units
from pricing.models import Feature, RateCardType
from pricing.prices import InvalidPrice, charge_of
from pricing.services.plan_inputs import RateCardInput

ONCE = ("", "Once, when it starts")
_TYPES = [("", "As its price says"), *RateCardType.choices]
_RARE = {
    "Discount and limits": ("percentage", "minimum", "maximum", "prorate_commitments"),
    "Units": ("unit_operation", "unit_factor", "unit_rounding", "unit_precision", "unit_display"),
    "Entitlement": ("entitlement", "allowance", "is_soft", "usage_period", "preserve_overage", "priority", "config"),
    "Tax and notes": ("tax_behavior", "tax_code", "type", "description", "metadata"),
}


class RateCardForm(PriceForm):
    """
    One rate card. `included` is the one place for included units: it is written to the price and the entitlement.

    `included_was` is what was stored, so that the units may also be changed in a free first tier of the price; `kept`
    holds what has no input.
    """

    paths = PATHS

    name = forms.CharField(label="Name", max_length=256, widget=text_field("Name").widget)
    feature = forms.ModelChoiceField(
        label="Feature",
        queryset=Feature.objects.none(),
        required=False,
        empty_label="None",
        widget=UnfoldAdminSelectWidget(),
        help_text="What it measures or gives access to.",
    )
    key = text_field("Key", placeholder="base_fee", max_length=64, help_text="The feature's where it has one.")
    cadence = choice_field("Billed", [])
    included = AmountField("Included units", help_text="Free in each period, and what the entitlement allows.")
    included_was = forms.CharField(required=False, widget=forms.HiddenInput())
    percentage = AmountField("Discount in percent")
    minimum = AmountField("Minimum spend", help_text="A period costs at least this.")
    maximum = AmountField("Maximum spend", help_text="A period costs at most this.")
    prorate_commitments = flag_field("Scale both to a part of a period")
    unit_operation = choice_field("Convert usage", [("", "No"), ("divide", "Divide by"), ("multiply", "Multiply by")])
    unit_factor = AmountField("Factor", placeholder="1000")
    unit_rounding = choice_field(
        "Then round",
        [("", "Not at all"), ("none", "No"), ("ceiling", "Up"), ("floor", "Down"), ("half_up", "Half up")],
    )
    unit_precision = text_field("Digits after the point", placeholder="0")
    unit_display = text_field("Name of the unit", placeholder="GB")
    entitlement = choice_field(
        "Entitlement",
        [
            (FROM_UNITS, "By the included units"),
            (NO_ENTITLEMENT, "None"),
            ("metered", "Metered"),
            ("static", "Static"),
            ("boolean", "On or off"),
        ],
    )
    allowance = AmountField("Allowance", help_text="Empty: the included units.")
    is_soft = flag_field("Soft limit: usage goes on above it")
    usage_period = text_field("Resets every", placeholder="P1M", help_text="Empty: as often as it is billed.")
    preserve_overage = flag_field("Take overage along at the reset")
    priority = text_field("Priority of the allowance", placeholder="1")
    config = text_field("Static value, as JSON", placeholder='{"seats": 5}')
    tax_behavior = choice_field("Tax", [("", "Default"), ("inclusive", "Included"), ("exclusive", "On top")])
    tax_code = text_field("Stripe tax code", placeholder="txcd_10000000")
    type = choice_field("Type", _TYPES)
    description = note_field("Description", max_length=1024)
    metadata = PairsField(example="team = inference", required=False, help_text="One name = value a line.")
    kept = forms.JSONField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self["feature"].value()
        on_sale = Q(archived_at=None) | (Q(pk=int(stored)) if str(stored or "").isdecimal() else Q())
        self.fields["feature"].queryset = Feature.objects.filter(on_sale).select_related("meter").order_by("key")  # type: ignore[attr-defined]
        self.fields["cadence"].choices = [*cadence_choices(self["cadence"].value() or ""), ONCE]  # type: ignore[attr-defined]
        self.card: RateCardInput | None = None

    @property
    def rare(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """The inputs that few cards need, by what they are about, for the template."""
        for title, names in _RARE.items():
            yield title, [self[name] for name in names]

    @property
    def is_rare(self) -> bool:
        """Whether one of those says something or has to be mended."""
        fields = [field for _, group in self.rare for field in group]
        return any(field.errors or is_chosen(field) for field in fields)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        # The rows inside are looked at after this form otherwise.
        rows = [row.is_valid() for name in self.rows for row in self.counted(name)]
        if not data.get("feature") and not data.get("key") and "key" not in self.errors:
            self.add_error("key", "Give it a key such as base_fee, or choose a feature.")
        if all(rows) and not self.errors:
            self.card = self._with_included(self._written())
        return data

    def to_input(self) -> RateCardInput:
        """Return the card as the service takes it; the form is valid."""
        assert self.card is not None
        return self.card

    def show_issue(self, path: str, message: str) -> None:
        message = message.removeprefix(f"Rate card {self.card.key!r}: " if self.card else "")
        if path == ".key" and self.cleaned_data.get("feature"):
            path = ".featureKey"
        if path.endswith(".issueAfterReset") and self.cleaned_data.get("allowance") is None:
            self._add("included", message)
            return
        super().show_issue(path.removeprefix(".price") if path.startswith(".price.") else path, message)

    def _written(self) -> RateCardInput:
        data = self.cleaned_data
        kept = kept_of(data)
        price, feature = self.price_json(), data["feature"]
        if price is not None:
            limits = {"minimumAmount": written(data["minimum"]), "maximumAmount": written(data["maximum"])}
            price |= {name: amount for name, amount in limits.items() if amount is not None}
        is_flat = price is None or price["type"] == "flat"
        return RateCardInput(
            type=data["type"] or (RateCardType.FLAT_FEE if is_flat else RateCardType.USAGE_BASED).value,
            key=feature.key if feature else data["key"],
            name=data["name"],
            price=price,
            feature=feature,
            billing_cadence=data["cadence"] or None,
            description=data["description"],
            discounts=discounts_json(data, kept),
            unit_config=unit_json(data),
            prorate_commitments=data["prorate_commitments"],
            entitlement_template=template_json(data, kept),
            tax_config=tax_json(data, kept),
            metadata={**kept.get("metadata", {}), **data["metadata"]},
        )

    def _with_included(self, card: RateCardInput) -> RateCardInput:
        data = self.cleaned_data
        if not _is_readable(card):
            return card
        template = card.entitlement_template
        follows = data["entitlement"] == FROM_UNITS or (data["entitlement"] == METERED and data["allowance"] is None)
        terms = card.terms if follows else replace(card.terms, entitlement_template=None)
        try:
            included = self._included(card)
            terms = with_included_units(terms, included)
        except CannotInclude as error:
            self.add_error("included", str(error))
            return card
        if not follows or included is None:
            terms = replace(terms, entitlement_template=template)
        return RateCardInput.of(terms, card.feature)

    def _included(self, card: RateCardInput) -> Decimal | None:
        included: Decimal | None = self.cleaned_data["included"]
        tier = free_quantity(replace(card.terms, discounts=None))
        if tier is None or tier == included:
            return included
        was = self.cleaned_data["included_was"]
        if (f"{included:f}" if included is not None else "") == was:
            # Only the tier was changed.
            return tier
        if f"{tier:f}" != was:
            raise CannotInclude(f"The first tier leaves {tier:f} units free: write as many here, or change it.")
        return included


def _is_readable(card: RateCardInput) -> bool:
    # What cannot be read is for the service to refuse, with its path.
    try:
        charge_of(replace(card.terms, discounts=None))
    except InvalidPrice:
        return False
    return True
