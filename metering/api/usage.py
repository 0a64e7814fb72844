"""Usage of a meter: `/api/v1/meters/{idOrSlug}/query`."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from metering.api.base import ApiView
from metering.api.meters import find_meter
from metering.errors import DomainError
from metering.models import Aggregation, Customer, MeterVersion, Scope
from metering.queries.usage import UsageRow, customer_spans, query_usage
from metering.rendering import CsvRenderer, JsonRenderer
from metering.serializers.fields import checked
from metering.serializers.usage import UsageInput
from metering.windows import WindowSize

_DEEP_OBJECT = re.compile(r"^filterGroupBy\[(.+)\]$")
_SINGLE = ("from", "to", "windowSize", "windowTimeZone", "clientId")
_LISTS = ("subject", "groupBy", "filterCustomerId")
_SUBJECT, _CUSTOMER = "subject", "customer_id"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
# The reference writes six decimals; digits beyond them are kept.
_CSV_PLACES = Decimal("0.000001")


class UnknownGroup(DomainError):
    code = "invalid_group_by"


class NotServed(DomainError):
    status = 501
    code = "not_served"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of usage, and the public id of the customer it belongs to where the query asks for customers."""

    usage: UsageRow
    customer_id: str | None


class MeterUsage(ApiView):
    """Both methods only read; POST takes the parameters as a body."""

    required_scope = Scope.READ
    renderer_classes = [JsonRenderer, CsvRenderer]

    def get(self, request: Request, id_or_slug: str) -> Response:
        return self._answer(request, id_or_slug, _from_query(request.query_params))

    def post(self, request: Request, id_or_slug: str) -> Response:
        return self._answer(request, id_or_slug, request.data)

    def _answer(self, request: Request, id_or_slug: str, parameters: Any) -> Response:
        version = find_meter(id_or_slug).current_version
        query = checked(UsageInput, parameters)
        asked = query.validated_data
        _refuse_unknown_groups(asked, version)
        rows = _rows(asked, version)
        if getattr(request, "accepted_renderer", None) and request.accepted_renderer.format == "csv":
            return Response(_csv(asked, rows))
        return Response(_json(asked, rows))


def _from_query(parameters: QueryDict) -> dict[str, Any]:
    if "advancedMeterGroupByFilters" in parameters:
        raise NotServed("Filter by filterGroupBy[name]=value; advancedMeterGroupByFilters is not served.")
    asked: dict[str, Any] = {name: parameters[name] for name in _SINGLE if name in parameters}
    asked |= {name: parameters.getlist(name) for name in _LISTS}
    names = {name: match[1] for name in parameters if (match := _DEEP_OBJECT.match(name))}
    return asked | {"filterGroupBy": {inner: parameters.getlist(name) for name, inner in names.items()}}


def _refuse_unknown_groups(asked: dict[str, Any], version: MeterVersion) -> None:
    known = ", ".join([*version.group_keys, _SUBJECT, _CUSTOMER])
    for name in asked["groupBy"]:
        if name not in {*version.group_by, _SUBJECT, _CUSTOMER}:
            raise UnknownGroup(f"This meter cannot be grouped by {name}. Group it by one of {known}.")
    if _CUSTOMER in asked["groupBy"] and not asked["filterCustomerId"]:
        raise UnknownGroup("To group by customer_id, name the customers in filterCustomerId.")
    for name in asked["filterGroupBy"]:
        if name not in version.group_by:
            named = ", ".join(version.group_keys) or "none, as it has no groups"
            raise UnknownGroup(f"This meter has no group {name} to filter by. Filter by one of: {named}.")


def _rows(asked: dict[str, Any], version: MeterVersion) -> list[Row]:
    if asked["filterCustomerId"]:
        rows = [row for customer in _customers(asked) for row in _rows_of(asked, version, customer)]
    else:
        rows = _rows_of(asked, version, None)
    if asked["windowSize"]:
        return sorted(rows, key=lambda row: row.usage.window_start)
    # Unordered in OpenMeter; its own tests expect the last subject first.
    return sorted(rows, key=lambda row: row.usage.subject or "", reverse=True)


def _customers(asked: dict[str, Any]) -> Iterator[Customer]:
    for public_id in dict.fromkeys(asked["filterCustomerId"]):
        customer = Customer.objects.filter(ulid=public_id).first()
        if customer is None:
            raise Http404(f"There is no customer with the id {public_id}.")
        yield customer


def _rows_of(asked: dict[str, Any], version: MeterVersion, customer: Customer | None) -> list[Row]:
    size = asked["windowSize"]
    found = query_usage(
        version=version,
        start=asked["from"],
        end=asked["to"],
        spans=None if customer is None else customer_spans(customer_id=customer.pk),
        subjects=asked["subject"] or None,
        filters=asked["filterGroupBy"] or None,
        group_by=_meter_groups(asked),
        by_subject=_by_subject(asked),
        window=(WindowSize(size), ZoneInfo(asked["windowTimeZone"])) if size else None,
    )
    if not found and _counts_nothing(asked, version):
        found = [_nothing(asked)]
    return [Row(usage, None if customer is None else customer.ulid) for usage in found]


def _meter_groups(asked: dict[str, Any]) -> list[str]:
    return [name for name in dict.fromkeys(asked["groupBy"]) if name not in {_SUBJECT, _CUSTOMER}]


def _by_subject(asked: dict[str, Any]) -> bool:
    return bool(asked["subject"]) or _SUBJECT in asked["groupBy"]


def _counts_nothing(asked: dict[str, Any], version: MeterVersion) -> bool:
    """Whether an empty answer is a count of 0, as OpenMeter gives where nothing is grouped."""
    is_grouped = asked["windowSize"] or asked["groupBy"] or asked["subject"] or asked["filterCustomerId"]
    return version.meter.aggregation == Aggregation.COUNT and not is_grouped


def _nothing(asked: dict[str, Any]) -> UsageRow:
    start, end = asked["from"] or _EPOCH, asked["to"] or _EPOCH + _MINUTE
    return UsageRow(window_start=start, window_end=end, subject=None, group={}, value=Decimal(0), events=0)


def _json(asked: dict[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    echo = {name: asked[name] for name in ("from", "to", "windowSize") if asked[name]}
    return echo | {"data": [_json_row(row) for row in rows]}


def _json_row(row: Row) -> dict[str, Any]:
    members = {
        "value": row.usage.value,
        "windowStart": row.usage.window_start,
        "windowEnd": row.usage.window_end,
        "subject": row.usage.subject,
        "groupBy": row.usage.group,
    }
    return members if row.customer_id is None else members | {"customerId": row.customer_id}


def _csv(asked: dict[str, Any], rows: Sequence[Row]) -> str:
    groups = _meter_groups(asked)
    subject = [_SUBJECT] if _by_subject(asked) else []
    customer = [_CUSTOMER] if asked["filterCustomerId"] else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["window_start", "window_end", *subject, *customer, *groups, "value"])
    for row in rows:
        usage = row.usage
        writer.writerow(
            [
                _instant(usage.window_start),
                _instant(usage.window_end),
                *([usage.subject] if subject else []),
                *([row.customer_id] if customer else []),
                *(usage.group[name] for name in groups),
                _csv_number(usage.value),
            ]
        )
    return text.getvalue()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _csv_number(value: Decimal) -> str:
    padded = value if value.as_tuple().exponent < -6 else value.quantize(_CSV_PLACES)  # type: ignore[operator]
    return f"{padded:f}"
