"""Usage for browsers: `/api/v1/portal`. Its tokens are made by services, with an API key."""

from typing import Any

from django.http import HttpResponse
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView
from metering.api.meters import find_current_version
from metering.api.schema import usage as describe
from metering.api.usage import usage_response
from metering.authentication import NotAuthenticated, Principal
from metering.idempotency import idempotent
from metering.models import PortalToken
from metering.rendering import CsvRenderer, JsonRenderer
from metering.serializers.fields import checked
from metering.serializers.portal import (
    PortalTokenInput,
    PortalTokenInvalidationInput,
    PortalTokenListInput,
    portal_token_output,
)
from metering.serializers.usage import UsageInput, usage_parameters
from metering.services.portal_tokens import create_portal_token, find_portal_token, invalidate_portal_tokens

_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = {
    **_ANY_ORIGIN,
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept",
    "Access-Control-Max-Age": "86400",
}


@describe.TOKENS
class PortalTokens(ApiView):
    @idempotent(has_secret=True)
    def post(self, request: Request) -> Response:
        asked = checked(PortalTokenInput, request.data).validated_data
        at = clock.now()
        token, secret = create_portal_token(
            subject=asked["subject"], allowed_meters=asked["allowedMeterSlugs"], expires_at=asked["expiresAt"], at=at
        )
        # Not 201: OpenMeter's clients take nothing but 200 here.
        return Response(portal_token_output(token, at=at, secret=secret))

    def get(self, request: Request) -> Response:
        asked = checked(PortalTokenListInput, request.query_params).validated_data
        at = clock.now()
        tokens = PortalToken.objects.filter(invalidated_at=None).order_by("-pk")[: asked["limit"]]
        return Response([portal_token_output(token, at=at) for token in tokens])


@describe.INVALIDATION
class PortalTokenInvalidation(ApiView):
    def post(self, request: Request) -> Response:
        asked = checked(PortalTokenInvalidationInput, request.data).validated_data
        invalidate_portal_tokens(public_id=asked["id"], subject=asked["subject"], at=clock.now())
        return Response(status=204)


class PortalTokenAuthentication(BaseAuthentication):
    """Sets `request.user` to the token; whoever holds one may do nothing that needs a scope."""

    def authenticate(self, request: Request) -> tuple[PortalToken, Principal]:
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise NotAuthenticated("Send a portal token in the header Authorization: Bearer <token>.")
        token = find_portal_token(secret.strip(), at=clock.now())
        if token is None:
            raise NotAuthenticated("This portal token is unknown, invalidated or expired. Ask for a new one.")
        return token, Principal(api_key_id=None, name=str(token), scopes=frozenset())

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


@describe.PORTAL_USAGE
class PortalMeterUsage(ApiView):
    """Usage of the token's subject, whatever else is asked for; pages of any origin may read it."""

    authentication_classes = [PortalTokenAuthentication]
    permission_classes = []
    renderer_classes = [JsonRenderer, CsvRenderer]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        # Browsers ask this before they send the token.
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers=_PREFLIGHT)
        return super().dispatch(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        finished = super().finalize_response(request, response, *args, **kwargs)
        for name, value in _ANY_ORIGIN.items():
            finished[name] = value
        return finished

    def get(self, request: Request, slug: str) -> Response:
        token: PortalToken = request.user  # type: ignore[assignment]
        if token.allowed_meters is not None and slug not in token.allowed_meters:
            raise NotAuthenticated(f"This portal token does not show the meter {slug}. Ask for one that does.")
        parameters = usage_parameters(request.query_params) | {"subject": [token.subject]}
        return usage_response(request, find_current_version(slug), checked(UsageInput, parameters))
