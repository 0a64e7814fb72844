"""Add-ons that plans offer: `/api/v1/plans/{}/addons`."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Q
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView, page_output
from metering.idempotency import idempotent
from metering.serializers.fields import checked
from pricing.api.addons import find_addon_version, shown_addon
from pricing.api.plans import find_plan, find_plan_version
from pricing.api.schema import plan_addons as describe
from pricing.api.versions import chosen, ordered
from pricing.models import Plan, PlanAddon
from pricing.serializers.addons import PlanAddonChangeInput, PlanAddonCreateInput, plan_addon_output
from pricing.serializers.versions import VersionsAskedInput, version_parameters
from pricing.services.addons import with_cards
from pricing.services.plan_addons import attach_addon, change_plan_addon, detach_addon, plan_addon_issues


@describe.PLAN_ADDONS
class PlanAddons(ApiView):
    @idempotent()
    def post(self, request: Request, plan_id: str) -> Response:
        plan, at = find_plan_version(plan_id), clock.now()
        body = checked(PlanAddonCreateInput, request.data)
        addon = find_addon_version(body.validated_data["addonId"])
        return Response(_output(attach_addon(plan_id=plan.pk, addon_id=addon.pk, **body.values(), at=at), at), 201)

    def get(self, request: Request, plan_id: str) -> Response:
        asked, at = checked(VersionsAskedInput, version_parameters(request.query_params)).validated_data, clock.now()
        found = _offered(find_plan(plan_id, at=at, latest=True)).filter(chosen(asked, "addon__"))
        return Response(page_output(ordered(found, asked, "addon__"), asked, partial(_outputs, at=at)))


@describe.PLAN_ADDON
class PlanAddonDetail(ApiView):
    def get(self, request: Request, plan_id: str, plan_addon_id: str) -> Response:
        at = clock.now()
        return Response(_output(_find(find_plan(plan_id, at=at, latest=True), plan_addon_id), at))

    def put(self, request: Request, plan_id: str, plan_addon_id: str) -> Response:
        attached, at = _find(find_plan_version(plan_id), plan_addon_id), clock.now()
        body = checked(PlanAddonChangeInput, request.data)
        return Response(_output(change_plan_addon(plan_addon_id=attached.pk, **body.values(), at=at), at))

    def delete(self, request: Request, plan_id: str, plan_addon_id: str) -> Response:
        detach_addon(plan_addon_id=_find(find_plan_version(plan_id), plan_addon_id).pk)
        return Response(status=204)


def _offered(plan: Plan) -> Any:
    return plan.plan_addons.select_related("plan", "addon").prefetch_related(with_cards("addon__"))


def _find(plan: Plan, named: str) -> PlanAddon:
    # OpenMeter's shape of a plan's add-on has no id, so its clients name the add-on itself.
    found: PlanAddon | None = (
        _offered(plan).filter(Q(ulid=named) | Q(addon__ulid=named) | Q(addon__key=named)).order_by("-pk").first()
    )
    if found is None:
        raise Http404(f"{plan} offers no add-on {named}. Name one by its id or key.")
    return found


def _outputs(offered: Iterable[PlanAddon], *, at: datetime) -> list[dict[str, Any]]:
    return [_output(attached, at) for attached in offered]


def _output(attached: PlanAddon, at: datetime) -> dict[str, Any]:
    is_draft = attached.plan.effective_from is None
    issues = plan_addon_issues(attached, at=at) if is_draft else ()
    return plan_addon_output(attached, addon=shown_addon(attached.addon, at), issues=issues)
