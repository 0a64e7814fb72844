"""Tax codes and rates as the API takes and shows them."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from invoicing.models import TaxCode, TaxRate
from invoicing.serializers.line_inputs import QuantityField, UlidInput
from metering.serializers.fields import InstantField, PageInput, TextField, present


class PercentageField(QuantityField):
    """A percentage from 0 to 100."""

    def run_validation(self, data: Any = empty) -> Decimal:
        return Decimal(super().run_validation(data))


class CountryInput(serializers.RegexField):
    """A country of ISO 3166, in two capitals."""

    default_error_messages = {"invalid": "Write the country as two capitals, such as DE."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("^[A-Z]{2}$", **kwargs)


class TaxCodeInput(serializers.Serializer[Any]):
    key = serializers.RegexField("^[a-z0-9]+(?:_[a-z0-9]+)*$", max_length=64)
    name = TextField(max_length=256)
    stripeCode = serializers.RegexField("^txcd_[0-9]{8}$", required=False, allow_null=True, default="")


class TaxRateInput(serializers.Serializer[Any]):
    name = TextField(max_length=64)
    country = CountryInput()
    percentage = PercentageField()
    taxCodeId = UlidInput(required=False, allow_null=True, default=None)
    validFrom = InstantField()
    validTo = InstantField(required=False, allow_null=True, default=None)


class TaxRateEndInput(serializers.Serializer[Any]):
    validTo = InstantField()


class TaxRateListInput(PageInput):
    country = CountryInput(required=False)


def tax_code_output(code: TaxCode) -> dict[str, Any]:
    """Return a tax code as the API shows it."""
    shown = {
        "id": code.ulid,
        "key": code.key,
        "name": code.name,
        "stripeCode": code.stripe_code,
        "createdAt": code.created_at,
    }
    return present(shown)


def tax_rate_output(rate: TaxRate) -> dict[str, Any]:
    """Return a tax rate as the API shows it; it is read with its code."""
    shown = {
        "id": rate.ulid,
        "name": rate.name,
        "country": rate.country,
        "taxCodeId": rate.code and rate.code.ulid,
        "percentage": f"{rate.percentage:f}",
        "validFrom": rate.valid_from,
        "validTo": rate.valid_to,
        "createdAt": rate.created_at,
        "updatedAt": rate.updated_at,
    }
    return present(shown)
