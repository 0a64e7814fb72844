"""The form of a plan: its own fields, phases with their rate cards, and the add-ons that it offers."""

from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import UnfoldAdminSelectWidget

from metering.admin.forms import CurrencyChoiceField, NoteField, PairsField
from pricing.admin.card_inputs import blank_card, card_tree
from pricing.admin.display import cadence_choices
from pricing.admin.editor import EditorForm, same_terms
from pricing.admin.editor_rows import Tree
from pricing.admin.rate_cards import RateCardForm
from pricing.admin.row_forms import AmountField, RowForm, note_field, text_field
from pricing.models import Addon, Plan
from pricing.services.plan_drafts import Offer
from pricing.services.plan_inputs import PhaseInput
from pricing.services.stored_plans import input_of


class PhaseForm(RowForm):
    """A phase with its rate cards."""

    lists = {"cards": RateCardForm}
    json_lists = {"rateCards": "cards"}
    paths = {".name": "name", ".key": "key", ".duration": "duration", ".description": "description"}

    name = text_field("Name", max_length=256)
    key = text_field("Key", max_length=64, placeholder="default")
    duration = text_field("Lasts", placeholder="P1M", help_text="Such as P14D or P3M. Empty in the last phase.")
    description = note_field("Description", max_length=1024)
    metadata = PairsField(example="step = trial", required=False)

    @property
    def is_rare(self) -> bool:
        """Whether one of the folded inputs says something or has to be mended."""
        return any(self[name].value() or self[name].errors for name in ("description", "metadata"))

    def to_input(self) -> PhaseInput:
        """Return the phase as the service takes it; the form is valid."""
        data = self.cleaned_data
        return PhaseInput(
            rate_cards=[row.to_input() for row in self.rows["cards"]],
            key=data["key"],
            name=data["name"],
            duration=data["duration"] or None,
            description=data["description"],
            metadata=data["metadata"],
        )


class OfferForm(RowForm):
    """An add-on that subscriptions of the plan may take."""

    paths = {".fromPlanPhase": "from_phase", ".maxQuantity": "max_quantity", "": "addon"}

    addon = forms.ModelChoiceField(
        label="Add-on",
        queryset=Addon.objects.none(),
        empty_label="Choose an add-on",
        widget=UnfoldAdminSelectWidget(),
    )
    from_phase = text_field("From the phase (key)", max_length=64, placeholder="default")
    max_quantity = forms.IntegerField(
        label="At most",
        required=False,
        min_value=1,
        widget=text_field("At most", placeholder="any number").widget,
        help_text="Only for add-ons that are sold in any quantity.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = str(self["addon"].value() or "")
        chosen = Addon.objects.filter(pk=int(stored)) if stored.isdecimal() else Addon.objects.none()
        self.fields["addon"].queryset = (Addon.objects.in_force() | chosen).order_by("key")  # type: ignore[attr-defined]

    def to_offer(self) -> Offer:
        """Return what the service takes; the form is valid."""
        data = self.cleaned_data
        return Offer(data["addon"].pk, data["from_phase"], data["max_quantity"])


class PlanForm(EditorForm):
    lists = {"phases": PhaseForm, "offers": OfferForm}
    json_lists = {"phases": "phases", "addons": "offers"}
    paths = {
        "$.key": "key",
        "$.name": "name",
        "$.currency": "currency",
        "$.billingCadence": "billing_cadence",
        "$.minimumAmount": "minimum_amount",
    }
    blanks = {
        "phases": {"cards": [blank_card()]},
        "offers": {},
        "cards": blank_card(),
        "tiers": {},
        "cells": {"kind": "unit", "flat_at_zero": "on", "tiers": [{}, {}]},
        "rest": {"kind": "unit", "flat_at_zero": "on", "tiers": [{}, {}]},
    }

    currency = CurrencyChoiceField(initial=settings.DEFAULT_CURRENCY)
    description = NoteField()
    metadata = PairsField(example="segment = startups", required=False, help_text="One name = value a line.")
    minimum_amount = AmountField(
        "Minimum amount", help_text="The least that all lines of a billing period come to together."
    )
    billing_cadence = forms.ChoiceField(
        label="Billed",
        choices=cadence_choices(),
        initial="P1M",
        widget=UnfoldAdminSelectWidget(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "billing_cadence" in self.fields:
            self.fields["billing_cadence"].choices = cadence_choices(  # type: ignore[attr-defined]
                self.instance.billing_cadence
            )

    def stored_tree(self) -> Tree:
        plan: Plan = self.instance
        if plan.pk is None:
            return {"phases": [{"name": "Default", "key": "default", "cards": [blank_card()]}]}
        if "billing_cadence" not in self.fields:
            # A published plan is shown as tables.
            return {}
        offers = plan.plan_addons.order_by("pk")
        return {
            "phases": [_phase_tree(phase) for phase in input_of(plan).phases],
            "offers": [
                {
                    "addon": str(offer.addon_id),
                    "from_phase": offer.from_phase_key,
                    "max_quantity": _text(offer.max_quantity),
                }
                for offer in offers
            ],
        }

    def values(self) -> dict[str, Any]:
        phases = [row.to_input() for row in self.rows["phases"]]
        return {**super().values(), "phases": phases, "offers": [row.to_offer() for row in self.rows["offers"]]}

    def changes(self) -> dict[str, Any]:
        values = self.values()
        changed = {name: value for name, value in values.items() if name in self.changed_data}
        changed.pop("change_reason", None)
        if not _same_phases(values["phases"], input_of(self.instance).phases):
            changed["phases"] = values["phases"]
        stored = [Offer.of(offer) for offer in self.instance.plan_addons.order_by("pk")]
        if values["offers"] != stored:
            changed["offers"] = values["offers"]
        return changed


def _phase_tree(phase: PhaseInput) -> Tree:
    return {
        "name": phase.name,
        "key": phase.key,
        "duration": phase.duration or "",
        "description": phase.description,
        "metadata": "\n".join(f"{name} = {value}" for name, value in phase.metadata.items()),
        "cards": [card_tree(card.terms) for card in phase.rate_cards],
    }


def _same_phases(ones: Any, others: Any) -> bool:
    return len(ones) == len(others) and all(map(_same_phase, ones, others))


def _same_phase(one: PhaseInput, other: PhaseInput) -> bool:
    names = ("key", "name", "duration", "description", "metadata")
    if any(getattr(one, name) != getattr(other, name) for name in names):
        return False
    cards = list(zip(one.rate_cards, other.rate_cards, strict=False))
    return len(one.rate_cards) == len(other.rate_cards) and all(same_terms(a.terms, b.terms) for a, b in cards)


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
