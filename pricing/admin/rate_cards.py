"""The editor of a plan's rate cards: inputs for a flat fee and for the tiers of a usage price."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from pricing.admin.display import cadence_choices
from pricing.models import Feature, RateCard, RateCardType
from pricing.prices import FlatPrice, GraduatedPrice, PaymentTerm, Tier, parse_price, price_to_json
from pricing.services.plans import RateCardInput

TIERS = 6
_SPARE_TIERS = 3
_SPARE_CARDS = 4
_KINDS = (
    ("", "Choose what it charges for"),
    (RateCardType.FLAT_FEE.value, "A flat fee"),
    (RateCardType.USAGE_BASED.value, "Usage, by the unit or in tiers"),
)
_TERMS = ((PaymentTerm.IN_ADVANCE.value, "In advance"), (PaymentTerm.IN_ARREARS.value, "In arrears"))
_TIER_PARTS = {"up_to": "Up to", "unit": "Price per unit", "flat": "Flat price"}
_CARD_PATH = re.compile(r"\$\.phases\[0\]\.rateCards\[(\d+)\](.*)")
_TIER_PATH = re.compile(r"\.price\.tiers\[(\d+)\]\.?(\w*)")
_FIELDS = {".name": "name", ".key": "key", ".featureKey": "feature", ".billingCadence": "cadence", ".type": "kind"}
_TIER_FIELDS = {"upToAmount": "up_to", "unitPrice": "unit", "flatPrice": "flat"}


class _AmountField(forms.DecimalField):
    """A number that is shown as text, and unchanged where only its writing differs."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(Decimal(initial) if initial else None, data)


def _amount_field(label: str, **attrs: str) -> _AmountField:
    # Text, not a number input: browsers would round long figures, and show them in their own way.
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "aria-label": label, **attrs})
    field = _AmountField(label=label, required=False, min_value=Decimal(0), widget=widget)
    field.error_messages.update(
        invalid=f"Write a number such as 0.002 as {label.lower()}.",
        min_value=f"Set {label.lower()} to zero or more.",
    )
    return field


class RateCardForm(forms.Form):
    """One rate card. Which inputs count depends on what it charges for."""

    kind = forms.ChoiceField(label="Charges", choices=_KINDS, widget=UnfoldAdminSelectWidget())
    name = forms.CharField(label="Name", max_length=256, widget=UnfoldAdminTextInputWidget())
    cadence = forms.ChoiceField(
        label="Billed", choices=cadence_choices(), initial="P1M",
        widget=UnfoldAdminSelectWidget(),
    )  # fmt: skip
    key = forms.CharField(
        label="Key",
        max_length=64,
        required=False,
        help_text="Lower-case letters, digits and underscores, such as base_fee.",
        widget=UnfoldAdminTextInputWidget(),
    )
    amount = _amount_field("Amount")
    payment_term = forms.ChoiceField(
        label="Paid",
        choices=_TERMS,
        required=False,
        initial=PaymentTerm.IN_ADVANCE.value,
        widget=UnfoldAdminSelectWidget(),
    )
    feature = forms.ModelChoiceField(
        label="Feature",
        queryset=Feature.objects.none(),
        required=False,
        empty_label="Choose the feature whose usage it prices",
        help_text="Its key is the key of the rate card.",
        widget=UnfoldAdminSelectWidget(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["feature"].queryset = Feature.objects.filter(archived_at=None).order_by("key")  # type: ignore[attr-defined]
        self.fields["cadence"].choices = cadence_choices(self.initial.get("cadence", ""))  # type: ignore[attr-defined]
        stored = sum(name.endswith("_unit") for name in self.initial)
        self.tiers = range(max(TIERS, stored + _SPARE_TIERS))
        for number in self.tiers:
            for part, label in _TIER_PARTS.items():
                placeholder = "and above" if part == "up_to" else "0"
                field = _amount_field(f"{label} of tier {number + 1}", placeholder=placeholder)
                self.fields[_tier_field(number, part)] = field

    @property
    def tier_rows(self) -> Iterator[list[forms.BoundField]]:
        """The inputs of each tier, for the template."""
        for number in self.tiers:
            yield [self[_tier_field(number, part)] for part in _TIER_PARTS]

    @property
    def flat_inputs(self) -> list[forms.BoundField]:
        return [self["key"], self["amount"], self["payment_term"]]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("kind") == RateCardType.FLAT_FEE:
            self._require(
                data, key="Give the flat fee a key, such as base_fee.", amount="Write what the flat fee costs."
            )
        elif data.get("kind") == RateCardType.USAGE_BASED:
            self._require(data, feature="Choose the feature whose usage this rate card prices.")
            self._check_tiers(data)
        return data

    def _require(self, data: Mapping[str, Any], **messages: str) -> None:
        for name, message in messages.items():
            if data.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, message)

    def _check_tiers(self, data: Mapping[str, Any]) -> None:
        tiers = _tiers(data, self.tiers)
        if not tiers:
            self.add_error(
                _tier_field(0, "unit"), "Write at least one tier: its price per unit, its flat price, or both."
            )
            return
        if tiers[-1].up_to is not None:
            message = "Leave it empty in the last tier: that one takes all further usage."
            self.add_error(_tier_field(len(tiers) - 1, "up_to"), message)
        for number, tier in enumerate(tiers[:-1]):
            self._check_bound(number, tier, tiers[number - 1] if number else None)

    def _check_bound(self, number: int, tier: Tier, before: Tier | None) -> None:
        field = _tier_field(number, "up_to")
        if field in self.errors:
            return
        if tier.up_to is None:
            self.add_error(field, "Write where this tier ends: only the last one is open.")
        elif before is not None and before.up_to is not None and tier.up_to <= before.up_to:
            self.add_error(field, f"Raise it above {before.up_to:f}, where the tier before ends.")

    def to_input(self) -> RateCardInput:
        """Return the card as the service takes it."""
        data = self.cleaned_data
        price = (
            FlatPrice(data["amount"], PaymentTerm(data["payment_term"] or PaymentTerm.IN_ADVANCE))
            if data["kind"] == RateCardType.FLAT_FEE
            else GraduatedPrice(_tiers(data, self.tiers))
        )
        feature = data["feature"] if data["kind"] == RateCardType.USAGE_BASED else None
        return RateCardInput(
            type=data["kind"],
            key=feature.key if feature else data["key"],
            name=data["name"],
            price=price_to_json(price),
            feature=feature,
            billing_cadence=data["cadence"],
        )


class BaseRateCards(forms.BaseFormSet):
    """The rate cards of one plan."""

    def used(self) -> list[RateCardForm]:
        """The cards that were filled in and not removed, in order."""
        removed, stored = self.deleted_forms, self.initial_form_count()
        return [
            form
            for number, form in enumerate(self.forms)
            if form not in removed and (number < stored or form.has_changed())
        ]

    def inputs(self) -> list[RateCardInput]:
        """Return the cards as the service takes them; the formset is valid."""
        return [form.to_input() for form in self.used()]

    def show_issue(self, path: str, message: str) -> bool:
        """Put what is wrong beside the input that a path of the plan names; say whether it is one of a rate card's."""
        found = _CARD_PATH.fullmatch(path)
        if found is None:
            return False
        form = self.used()[int(found[1])]
        field = _field_named(found[2], form.cleaned_data.get("kind", ""))
        form.add_error(field, message)
        return True


def _field_named(path: str, kind: str) -> str | None:
    if tier := _TIER_PATH.match(path):
        return _tier_field(int(tier[1]), _TIER_FIELDS.get(tier[2], "unit"))
    if path == ".key" and kind == RateCardType.USAGE_BASED:
        return "feature"
    return "amount" if path.startswith(".price") else _FIELDS.get(path)


RateCards = forms.formset_factory(RateCardForm, formset=BaseRateCards, extra=_SPARE_CARDS, can_delete=True, max_num=60)


def initial_of(cards: Sequence[RateCard]) -> list[dict[str, Any]]:
    """Return what the editor shows of stored rate cards."""
    return [_initial(card) for card in cards]


def _initial(card: RateCard) -> dict[str, Any]:
    shown = {
        "kind": card.type,
        "name": card.name,
        "key": card.key,
        "cadence": card.billing_cadence,
        "feature": card.feature_id,
    }
    price = parse_price(card.price)
    if isinstance(price, FlatPrice):
        return shown | {"amount": f"{price.amount:f}", "payment_term": price.payment_term.value}
    for number, tier in enumerate(price.tiers):
        shown |= {
            _tier_field(number, "up_to"): "" if tier.up_to is None else f"{tier.up_to:f}",
            _tier_field(number, "unit"): f"{tier.unit_amount:f}",
            _tier_field(number, "flat"): f"{tier.flat_amount:f}" if tier.flat_amount else "",
        }
    return shown


def _tier_field(number: int, part: str) -> str:
    return f"tier_{number}_{part}"


def _tiers(data: Mapping[str, Any], tiers: Iterable[int]) -> tuple[Tier, ...]:
    rows = [[data.get(_tier_field(number, part)) for part in _TIER_PARTS] for number in tiers]
    last = max((number for number, row in enumerate(rows) if any(cell is not None for cell in row)), default=-1)
    return tuple(Tier(up_to, unit or Decimal(0), flat or Decimal(0)) for up_to, unit, flat in rows[: last + 1])
