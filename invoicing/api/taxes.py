"""Tax codes and rates: `/api/v1/tax-codes` and `/api/v1/tax-rates`."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.schema import taxes as describe
from invoicing.models import TaxCode, TaxRate
from invoicing.serializers.taxes import (
    TaxCodeInput,
    TaxRateEndInput,
    TaxRateInput,
    TaxRateListInput,
    tax_code_output,
    tax_rate_output,
)
from invoicing.services.taxes import create_tax_code, create_tax_rate, end_tax_rate
from metering import clock
from metering.api.base import ApiView, page_output
from metering.idempotency import idempotent
from metering.serializers.fields import PageInput, checked


@describe.TAX_CODES
class TaxCodes(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = checked(TaxCodeInput, request.data).validated_data
        code = create_tax_code(key=sent["key"], name=sent["name"], stripe_code=sent["stripeCode"] or "", at=clock.now())
        return Response(tax_code_output(code), status=201)

    def get(self, request: Request) -> Response:
        asked = checked(PageInput, request.query_params).validated_data
        return Response(page_output(TaxCode.objects.order_by("key"), asked, _codes))


@describe.TAX_RATES
class TaxRates(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = checked(TaxRateInput, request.data).validated_data
        code = _find_code(sent["taxCodeId"]) if sent["taxCodeId"] else None
        rate = create_tax_rate(
            name=sent["name"],
            country=sent["country"],
            percentage=sent["percentage"],
            valid_from=sent["validFrom"],
            valid_to=sent["validTo"],
            code_id=code.pk if code else None,
            at=clock.now(),
        )
        return Response(tax_rate_output(rate), status=201)

    def get(self, request: Request) -> Response:
        asked = checked(TaxRateListInput, request.query_params).validated_data
        general_first = F("code").asc(nulls_first=True)
        found = TaxRate.objects.select_related("code").order_by("country", general_first, "valid_from")
        if "country" in asked:
            found = found.filter(country=asked["country"])
        return Response(page_output(found, asked, _rates))


@describe.TAX_RATE_END
class TaxRateEnd(ApiView):
    def post(self, request: Request, rate_id: str) -> Response:
        rate = TaxRate.objects.filter(ulid=rate_id.upper()).first()
        if rate is None:
            raise Http404(f"There is no tax rate {rate_id}. Name one by its id.")
        sent = checked(TaxRateEndInput, request.data).validated_data
        return Response(tax_rate_output(end_tax_rate(rate_id=rate.pk, valid_to=sent["validTo"], at=clock.now())))


def _find_code(code_id: str) -> TaxCode:
    found = TaxCode.objects.filter(ulid=code_id).first()
    if found is None:
        raise serializers.ValidationError({"taxCodeId": f"There is no tax code {code_id}. Name one by its id."})
    return found


def _codes(codes: Iterable[TaxCode]) -> list[dict[str, Any]]:
    return [tax_code_output(code) for code in codes]


def _rates(rates: Iterable[TaxRate]) -> list[dict[str, Any]]:
    return [tax_rate_output(rate) for rate in rates]
