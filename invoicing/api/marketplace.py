"""What apps there are, and their installation: `/api/v1/marketplace/listings`."""

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.schema import marketplace as describe
from invoicing.app_catalog import CATALOG, LISTINGS, Listing
from invoicing.serializers.apps import InstallInput, app_output, listing_output
from invoicing.services.apps import install_app
from metering import clock
from metering.api.base import ApiView
from metering.idempotency import idempotent
from metering.serializers.fields import PageInput, checked


@describe.LISTINGS
class MarketplaceListings(ApiView):
    def get(self, request: Request) -> Response:
        asked = checked(PageInput, request.query_params).validated_data
        page, size = asked["page"], asked["pageSize"]
        shown = [listing_output(listing) for listing in CATALOG[(page - 1) * size : page * size]]
        return Response({"items": shown, "page": page, "pageSize": size, "totalCount": len(CATALOG)})


@describe.LISTING
class MarketplaceListingDetail(ApiView):
    def get(self, request: Request, type: str) -> Response:
        return Response(listing_output(_find_listing(type)))


@describe.INSTALL
class InstallApp(ApiView):
    @idempotent()
    def post(self, request: Request, type: str) -> Response:
        listing = _find_listing(type)
        sent = checked(InstallInput, request.data).validated_data
        app = install_app(
            type=listing.type,
            name=sent.get("name"),
            creates_profile=sent["createBillingProfile"],
            at=clock.now(),
        )
        return Response({"app": app_output(app), "defaultForCapabilityTypes": []})


def _find_listing(type: str) -> Listing:
    if type not in LISTINGS:
        raise Http404(f"There is no app {type}. Use one of {', '.join(LISTINGS)}.")
    return LISTINGS[type]
