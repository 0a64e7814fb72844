"""Billing profiles: `/api/v1/billing/profiles`."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.schema import profiles as describe
from invoicing.models import App, BillingProfile
from invoicing.queries.profiles import live_profiles
from invoicing.serializers.profiles import (
    BillingProfileCreateInput,
    BillingProfileGetInput,
    BillingProfileListInput,
    BillingProfileReplaceInput,
    profile_output,
    query_lists,
)
from invoicing.services.profiles import change_profile, create_profile, delete_profile
from metering import clock
from metering.api.base import ApiView, page_output
from metering.idempotency import idempotent
from metering.serializers.fields import checked

_ORDER = {"createdAt": "created_at", "updatedAt": "updated_at", "default": "is_default", "name": "name"}


@describe.PROFILES
class BillingProfiles(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        body = checked(BillingProfileCreateInput, request.data)
        app = _find_app(body.validated_data["apps"]["invoicing"])
        return Response(profile_output(create_profile(app_id=app.pk, at=clock.now(), **body.values())), status=201)

    def get(self, request: Request) -> Response:
        asked = checked(BillingProfileListInput, query_lists(request.query_params, ["expand"])).validated_data
        found = BillingProfile.objects.select_related("app") if asked["includeArchived"] else live_profiles()
        direction = "-" if asked["order"] == "DESC" else ""
        found = found.order_by(direction + _ORDER[asked["orderBy"]], direction + "pk")
        return Response(page_output(found, asked, partial(_outputs, expand=asked["expand"])))


@describe.PROFILE
class BillingProfileDetail(ApiView):
    def get(self, request: Request, id: str) -> Response:
        asked = checked(BillingProfileGetInput, query_lists(request.query_params, ["expand"])).validated_data
        return Response(_outputs([find_profile(id)], expand=asked["expand"])[0])

    def put(self, request: Request, id: str) -> Response:
        profile = find_profile(id)
        body = checked(BillingProfileReplaceInput, request.data)
        return Response(profile_output(change_profile(profile_id=profile.pk, at=clock.now(), **body.values())))

    def delete(self, request: Request, id: str) -> Response:
        delete_profile(profile_id=find_profile(id).pk, at=clock.now())
        return Response(status=204)


def find_profile(profile_id: str) -> BillingProfile:
    """
    Return the billing profile that a request names, deleted or not.

    :raises Http404: if there is none.
    """
    found = BillingProfile.objects.select_related("app").filter(ulid=profile_id.upper()).first()
    if found is None:
        raise Http404(f"There is no billing profile {profile_id}. Name one by its id.")
    return found


def _find_app(app_id: str) -> App:
    found = App.objects.filter(ulid=app_id, deleted_at=None).first()
    if found is None:
        raise serializers.ValidationError({"apps": f"There is no app {app_id}. Name one that is installed by its id."})
    return found


def _outputs(profiles: Iterable[BillingProfile], *, expand: Sequence[str]) -> list[dict[str, Any]]:
    return [profile_output(profile, expand=expand) for profile in profiles]
