"""What a meter has seen: `/api/v1/meters/{idOrSlug}/subjects` and `/api/v1/meters/{idOrSlug}/group-by/{key}/values`."""

from datetime import datetime, timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView
from metering.api.meters import UnknownGroup, find_meter
from metering.api.schema import meters as describe
from metering.errors import DomainError
from metering.queries.meter_values import group_values_of, subjects_of
from metering.serializers.fields import RangeInput, checked

_DEFAULT_SPAN = timedelta(hours=24)
_LONGEST_SPAN = timedelta(days=30)
_FARTHEST_BACK = timedelta(days=90)


class RangeIsTooWide(DomainError):
    code = "range_is_too_wide"


@describe.SUBJECTS
class MeterSubjects(ApiView):
    def get(self, request: Request, id_or_slug: str) -> Response:
        meter = find_meter(id_or_slug)
        asked = checked(RangeInput, request.query_params).validated_data
        return Response(subjects_of(meter=meter, start=asked["from"], end=asked["to"]))


@describe.GROUP_VALUES
class MeterGroupValues(ApiView):
    def get(self, request: Request, id_or_slug: str, key: str) -> Response:
        version = find_meter(id_or_slug).current_version
        if key not in version.group_by:
            known = ", ".join(version.group_keys) or "none, as it has no groups"
            raise UnknownGroup(f"This meter has no group {key}. Ask for one of: {known}.")
        asked = checked(RangeInput, request.query_params).validated_data
        start = _start(asked, clock.now())
        return Response(group_values_of(version=version, key=key, start=start, end=asked["to"]))


def _start(asked: dict[str, Any], now: datetime) -> datetime:
    end: datetime = asked["to"] or now
    start: datetime = asked["from"] or end - _DEFAULT_SPAN
    if start < now - _FARTHEST_BACK:
        raise RangeIsTooWide(f"Let from be at most {_FARTHEST_BACK.days} days ago.")
    if end - start > _LONGEST_SPAN:
        raise RangeIsTooWide(f"Ask for at most {_LONGEST_SPAN.days} days at once.")
    return start
