"""What the API knows by itself: `/api/v1/info/currencies`."""

from rest_framework.request import Request
from rest_framework.response import Response

from metering.api.base import ApiView
from metering.api.schema import info as describe
from metering.serializers.currencies import currency_outputs


@describe.CURRENCIES
class Currencies(ApiView):
    def get(self, request: Request) -> Response:
        return Response(currency_outputs())
