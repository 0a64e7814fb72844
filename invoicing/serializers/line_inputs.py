"""Lines as the API takes them, in OpenMeter's shapes: simulated ones, pending ones, and those of a draft."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers

from invoicing.services.line_edits import LineChanges
from invoicing.services.manual_lines import LineTerms
from metering.periods import Period
from metering.serializers.fields import InstantField, TextField, TextsField, check_range
from pricing.models import Feature
from pricing.normal_terms import normal_json
from pricing.prices import NUMERIC
from pricing.serializers.terms import OptionalObjectField

ULID = r"^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$"
_KEY = r"^[a-z0-9]+(?:_[a-z0-9]+)*$"
_CARD_MEMBERS = ("price", "featureKey", "taxConfig")
FindFeature = Callable[[str], Feature]


class QuantityField(serializers.RegexField):
    """A decimal number in a string, zero or more."""

    def __init__(self, **kwargs: Any) -> None:
        message = 'Write a decimal number of zero or more in a string, such as "12.5".'
        super().__init__(f"^{NUMERIC.pattern.removeprefix('-?')}$", max_length=78, **kwargs)
        self.error_messages["invalid"] = message

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class UlidInput(serializers.RegexField):
    """The id of something; it may be written in small letters."""

    default_error_messages = {"invalid": "Send an id of 26 characters."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ULID, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)).upper()


class LinePeriodInput(serializers.Serializer[Any]):
    to = InstantField()

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python, so it cannot be declared above.
        return {"from": InstantField(), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_range(attrs, "from", "to")
        return attrs


class LineRateCardInput(serializers.Serializer[Any]):
    featureKey = serializers.RegexField(_KEY, max_length=64, required=False, allow_null=True, default=None)
    taxConfig = OptionalObjectField()
    price = OptionalObjectField()
    discounts = OptionalObjectField()
    unitConfig = OptionalObjectField()


class LineInput(serializers.Serializer[Any]):
    """A line; the price stands in the rate card, or where older clients write it, beside it."""

    name = TextField(max_length=256)
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    metadata = TextsField(default=dict)
    period = LinePeriodInput()
    invoiceAt = InstantField()
    rateCard = LineRateCardInput(required=False)
    price = OptionalObjectField()
    featureKey = serializers.RegexField(_KEY, max_length=64, required=False, allow_null=True, default=None)
    taxConfig = OptionalObjectField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        card = attrs.get("rateCard") or {}
        found = {name: card.get(name) if card.get(name) is not None else attrs[name] for name in _CARD_MEMBERS}
        if found["price"] is None:
            raise serializers.ValidationError({"rateCard": "Give the rate card a price."})
        return attrs | found | {"discounts": card.get("discounts"), "unitConfig": card.get("unitConfig")}


class PendingLineInput(LineInput):
    pass


class DraftLineInput(LineInput):
    """A line that there is, by its id, or a new one."""

    id = UlidInput(required=False)


def line_terms(sent: dict[str, Any], find_feature: FindFeature) -> LineTerms:
    """Return what a checked `LineInput` writes on a line."""
    return LineTerms(
        name=sent["name"],
        description=sent["description"] or "",
        metadata=sent["metadata"] or {},
        period=Period(sent["period"]["from"], sent["period"]["to"]),
        invoice_at=sent["invoiceAt"],
        price=normal_json(sent["price"]) or {},
        feature=find_feature(sent["featureKey"]) if sent["featureKey"] else None,
        discounts=normal_json(sent["discounts"]),
        unit_config=normal_json(sent["unitConfig"]),
        tax_config=normal_json(sent["taxConfig"]),
    )


def line_changes(sent: dict[str, Any], find_feature: FindFeature) -> LineChanges:
    """Return what a line should say; our own unit config stays where OpenMeter's clients leave it out."""
    terms = line_terms(sent, find_feature)
    own = {} if terms.unit_config is None else {"unit_config": terms.unit_config}
    return LineChanges(
        name=terms.name,
        description=terms.description,
        metadata=terms.metadata,
        price=terms.price,
        discounts=terms.discounts,
        tax_config=terms.tax_config,
        feature=terms.feature,
        period=terms.period,
        invoice_at=terms.invoice_at,
        **own,
    )
