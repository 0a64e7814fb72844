"""Add-ons: `/api/v1/addons`."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView, page_output
from metering.idempotency import idempotent
from metering.serializers.fields import checked
from pricing.addon_rules import addon_issues
from pricing.api.schema import addons as describe
from pricing.api.versions import find_by_id, find_version, listed
from pricing.models import Addon, VersionStatus
from pricing.serializers.addons import AddonChangeInput, AddonCreateInput, AddonListInput, addon_output
from pricing.serializers.versions import VersionGetInput, version_parameters
from pricing.services.addons import (
    addon_input_of,
    archive_addon,
    change_addon_draft,
    create_addon,
    delete_addon,
    publish_addon,
    with_cards,
)


@describe.ADDONS
class Addons(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        body, at = checked(AddonCreateInput, request.data), clock.now()
        addon = create_addon(**body.values(), may_be_unfinished=True, at=at)
        return Response(shown_addon(addon, at), status=201)

    def get(self, request: Request) -> Response:
        asked, at = checked(AddonListInput, version_parameters(request.query_params)).validated_data, clock.now()
        found = listed(Addon.objects.prefetch_related(with_cards()), asked, at=at)
        return Response(page_output(found, asked, partial(_outputs, at=at)))


@describe.ADDON
class AddonDetail(ApiView):
    def get(self, request: Request, addon_id: str) -> Response:
        asked, at = checked(VersionGetInput, request.query_params).validated_data, clock.now()
        addon = find_version(Addon.objects.all(), addon_id, at=at, what="add-on", latest=asked["includeLatest"])
        return Response(shown_addon(addon, at))

    def put(self, request: Request, addon_id: str) -> Response:
        addon, at = find_addon_version(addon_id), clock.now()
        body = checked(AddonChangeInput, request.data)
        changed = change_addon_draft(addon_id=addon.pk, **body.values(), may_be_unfinished=True, at=at)
        return Response(shown_addon(changed, at))

    def delete(self, request: Request, addon_id: str) -> Response:
        delete_addon(addon_id=find_addon_version(addon_id).pk, at=clock.now())
        return Response(status=204)


@describe.PUBLISH
class PublishAddon(ApiView):
    @idempotent()
    def post(self, request: Request, addon_id: str) -> Response:
        addon, at = find_addon_version(addon_id), clock.now()
        return Response(shown_addon(publish_addon(addon_id=addon.pk, at=at), at))


@describe.ARCHIVE
class ArchiveAddon(ApiView):
    @idempotent()
    def post(self, request: Request, addon_id: str) -> Response:
        addon, at = find_addon_version(addon_id), clock.now()
        return Response(shown_addon(archive_addon(addon_id=addon.pk, at=at), at))


def find_addon_version(addon_id: str) -> Addon:
    """
    Return the add-on with an id.

    :raises Http404: if there is none.
    """
    return find_by_id(Addon.objects.all(), addon_id, what="add-on")


def shown_addon(addon: Addon, at: datetime) -> dict[str, Any]:
    """Return an add-on as the API shows it at a time, with what keeps a draft from being published."""
    given = addon_input_of(addon)
    is_draft = addon.status(at) == VersionStatus.DRAFT and addon.deleted_at is None
    return addon_output(addon, given=given, issues=addon_issues(given.facts) if is_draft else (), at=at)


def _outputs(addons: Iterable[Addon], *, at: datetime) -> list[dict[str, Any]]:
    return [shown_addon(addon, at) for addon in addons]
