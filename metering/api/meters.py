"""Meters: `/api/v1/meters`."""

from collections.abc import Sequence
from typing import Any, NoReturn

from django.db.models import F, Q, QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView
from metering.api.schema import meters as describe
from metering.errors import DomainError
from metering.idempotency import idempotent
from metering.models import Meter, MeterVersion
from metering.queries.backfill import with_backfill
from metering.queries.current_version import current_version
from metering.serializers.fields import checked
from metering.serializers.meters import MeterInput, MeterListInput, WholeMeterInput, meter_output
from metering.services.meters import change_meter, create_meter, delete_meter

_ORDER = {
    "key": "slug",
    "name": "name",
    "aggregation": "aggregation",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}
_DEFAULT_PAGE_SIZE = 100


class UnknownGroup(DomainError):
    code = "invalid_group_by"


@describe.METERS
class Meters(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        body = checked(MeterInput, request.data)
        return Response(_output(create_meter(**body.values(), at=clock.now())), status=201)

    def get(self, request: Request) -> Response:
        query = checked(MeterListInput, request.query_params)
        return Response(_outputs(_listed(query.validated_data)))


@describe.METER
class MeterDetail(ApiView):
    def get(self, request: Request, id_or_slug: str) -> Response:
        return Response(_output(find_meter(id_or_slug, with_deleted=True)))

    def put(self, request: Request, id_or_slug: str) -> Response:
        meter = find_meter(id_or_slug)
        body = checked(WholeMeterInput, request.data)
        body.check_measures_the_same(meter)
        return Response(_output(change_meter(meter_id=meter.pk, at=clock.now(), **body.values())))

    def delete(self, request: Request, id_or_slug: str) -> Response:
        # Whoever repeats the request names a meter that is gone by now.
        named = Meter.objects.by_id_or_slug(id_or_slug).order_by(F("deleted_at").desc(nulls_first=True))
        delete_meter(meter_id=_first(named, id_or_slug).pk, at=clock.now())
        return Response(status=204)


def find_meter(id_or_slug: str, *, with_deleted: bool = False) -> Meter:
    """
    Return the meter that a path names; a deleted one is found by its id alone, and only where asked for.

    :raises Http404: if there is none.
    """
    state = Q(deleted_at=None) | Q(ulid=id_or_slug) if with_deleted else Q(deleted_at=None)
    return _first(Meter.objects.by_id_or_slug(id_or_slug).filter(state).order_by("pk"), id_or_slug)


def find_current_version(id_or_slug: str) -> MeterVersion:
    """
    Return the version that queries of the meter use which a path names, with its meter.

    :raises Http404: if there is none.
    """
    return current_version(id_or_slug) or _none(id_or_slug)


def _first(meters: QuerySet[Meter], id_or_slug: str) -> Meter:
    return meters.first() or _none(id_or_slug)


def _none(id_or_slug: str) -> NoReturn:
    raise Http404(f"There is no meter {id_or_slug}. Name one by its id or slug.")


def _listed(asked: dict[str, Any]) -> list[Meter]:
    meters = Meter.objects.all() if asked["includeDeleted"] else Meter.objects.live()
    direction = "-" if asked["order"] == "DESC" else ""
    meters = meters.order_by(direction + _ORDER[asked["orderBy"]], direction + "pk")
    if "page" not in asked and "pageSize" not in asked:
        return list(meters)
    size = asked.get("pageSize", _DEFAULT_PAGE_SIZE)
    start = (asked.get("page", 1) - 1) * size
    return list(meters[start : start + size])


def _output(meter: Meter) -> dict[str, Any]:
    return _outputs([meter])[0]


def _outputs(meters: Sequence[Meter]) -> list[dict[str, Any]]:
    newest = MeterVersion.objects.filter(meter__in=meters).order_by("meter", "-number").distinct("meter")
    versions = {version.meter_id: version for version in with_backfill(newest)}
    return [meter_output(meter, version=versions[meter.pk]) for meter in meters]
