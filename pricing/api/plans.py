"""Plans: `/api/v1/plans`."""

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
from pricing.api.schema import plans as describe
from pricing.api.versions import find_by_id, find_version, listed
from pricing.models import Plan, VersionStatus
from pricing.plan_warnings import plan_warnings
from pricing.serializers.plans import PlanChangeInput, PlanCreateInput, PlanListInput, plan_output
from pricing.serializers.versions import VersionGetInput, version_parameters
from pricing.services.plan_addons import with_offers
from pricing.services.plans import (
    archive_plan,
    change_draft,
    create_plan,
    delete_plan,
    next_plan,
    open_issues,
    publish_plan,
)
from pricing.services.stored_plans import input_of, with_phases


@describe.PLANS
class Plans(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        body, at = checked(PlanCreateInput, request.data), clock.now()
        return Response(_output(create_plan(**body.values(), may_be_unfinished=True, at=at), at), status=201)

    def get(self, request: Request) -> Response:
        asked, at = checked(PlanListInput, version_parameters(request.query_params)).validated_data, clock.now()
        found = listed(Plan.objects.prefetch_related(with_phases(), with_offers()), asked, at=at)
        return Response(page_output(found, asked, partial(_outputs, at=at)))


@describe.PLAN
class PlanDetail(ApiView):
    def get(self, request: Request, plan_id: str) -> Response:
        asked, at = checked(VersionGetInput, request.query_params).validated_data, clock.now()
        return Response(_output(find_plan(plan_id, at=at, latest=asked["includeLatest"]), at))

    def put(self, request: Request, plan_id: str) -> Response:
        plan, at = find_plan_version(plan_id), clock.now()
        body = checked(PlanChangeInput, request.data)
        return Response(_output(change_draft(plan_id=plan.pk, **body.values(), may_be_unfinished=True, at=at), at))

    def delete(self, request: Request, plan_id: str) -> Response:
        delete_plan(plan_id=find_plan_version(plan_id).pk, at=clock.now())
        return Response(status=204)


@describe.PUBLISH
class PublishPlan(ApiView):
    @idempotent()
    def post(self, request: Request, plan_id: str) -> Response:
        plan, at = find_plan_version(plan_id), clock.now()
        return Response(_output(publish_plan(plan_id=plan.pk, at=at), at))


@describe.ARCHIVE
class ArchivePlan(ApiView):
    @idempotent()
    def post(self, request: Request, plan_id: str) -> Response:
        plan, at = find_plan_version(plan_id), clock.now()
        return Response(_output(archive_plan(plan_id=plan.pk, at=at), at))


@describe.NEXT
class NextPlan(ApiView):
    @idempotent()
    def post(self, request: Request, plan_id_or_key: str) -> Response:
        at = clock.now()
        plan = find_plan(plan_id_or_key, at=at, latest=True)
        return Response(_output(next_plan(plan_id=plan.pk, at=at), at), status=201)


def find_plan(id_or_key: str, *, at: datetime, latest: bool = False) -> Plan:
    """
    Return the plan that a path names; see `find_version`.

    :raises Http404: if there is none.
    """
    return find_version(Plan.objects.all(), id_or_key, at=at, what="plan", latest=latest)


def find_plan_version(plan_id: str) -> Plan:
    """
    Return the plan to change.

    :raises Http404: if there is none with that id.
    """
    return find_by_id(Plan.objects.all(), plan_id, what="plan")


def _outputs(plans: Iterable[Plan], *, at: datetime) -> list[dict[str, Any]]:
    return [_output(plan, at) for plan in plans]


def _output(plan: Plan, at: datetime) -> dict[str, Any]:
    given = input_of(plan)
    is_draft = plan.status(at) == VersionStatus.DRAFT and plan.deleted_at is None
    return plan_output(
        plan,
        given=given,
        issues=open_issues(plan, at=at) if is_draft else (),
        warnings=plan_warnings(given.facts),
        at=at,
    )
