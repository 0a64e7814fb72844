"""Usage of a meter: `/api/v1/meters/{idOrSlug}/query`."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering.api.base import ApiView
from metering.api.meters import UnknownGroup, find_current_version
from metering.api.progress import followed
from metering.api.schema import usage as describe
from metering.models import Customer, MeterVersion, Scope
from metering.queries.customer_usage import UsageQuestion, usage_by_customer
from metering.queries.usage import COUNTING, UsageRow
from metering.rendering import CsvRenderer, JsonRenderer
from metering.serializers.fields import checked
from metering.serializers.usage import (
    CUSTOMER,
    SUBJECT,
    AnswerRow,
    UsageBodyInput,
    UsageInput,
    usage_csv,
    usage_output,
    usage_parameters,
)
from metering.windows import WindowSize

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


@describe.USAGE
class MeterUsage(ApiView):
    """Both methods only read; POST takes the parameters as a body."""

    required_scope = Scope.READ
    renderer_classes = [JsonRenderer, CsvRenderer]

    def get(self, request: Request, id_or_slug: str) -> Response:
        version = find_current_version(id_or_slug)
        return usage_response(request, version, checked(UsageInput, usage_parameters(request.query_params)))

    def post(self, request: Request, id_or_slug: str) -> Response:
        version = find_current_version(id_or_slug)
        return usage_response(request, version, checked(UsageBodyInput, request.data))


def usage_response(request: Request, version: MeterVersion, query: UsageInput) -> Response:
    """
    Answer a usage query, as CSV where the request asks for it.

    :raises UnknownGroup: if it groups or filters by what the meter has not.
    :raises Http404: if it names a customer that there is not.
    """
    asked = query.validated_data
    _refuse_unknown_groups(asked, version)
    rows = _rows(asked, version)
    if request.accepted_renderer.format != CsvRenderer.format:
        return Response(usage_output(asked, rows))
    table = usage_csv(
        rows,
        groups=_meter_groups(asked),
        has_subject=_by_subject(asked),
        has_customer=bool(asked["filterCustomerId"]),
    )
    return Response(table, headers={"Content-Disposition": f'attachment; filename="{version.meter.slug}.csv"'})


def _refuse_unknown_groups(asked: dict[str, Any], version: MeterVersion) -> None:
    known = ", ".join([*version.group_keys, SUBJECT, CUSTOMER])
    for name in asked["groupBy"]:
        if name not in {*version.group_by, SUBJECT, CUSTOMER}:
            raise UnknownGroup(f"This meter cannot be grouped by {name}. Group it by one of {known}.")
    if CUSTOMER in asked["groupBy"] and not asked["filterCustomerId"]:
        raise UnknownGroup("To group by customer_id, name the customers in filterCustomerId.")
    for name in _filters(asked):
        if name not in version.group_by:
            named = ", ".join(version.group_keys) or "none, as it has no groups"
            raise UnknownGroup(f"This meter has no group {name} to filter by. Filter by one of: {named}.")


def _rows(asked: dict[str, Any], version: MeterVersion) -> list[AnswerRow]:
    question = _question(asked, version)
    customers = _customers(asked["filterCustomerId"])
    with followed(asked["clientId"], total=max(1, len(customers))) as steps:
        if customers:
            rows = _rows_of_customers(question, customers, steps.succeed)
        else:
            rows = [AnswerRow(row, None) for row in question.rows(None, by_subject=question.by_subject)]
            steps.succeed(1)
    if not rows and _counts_nothing(asked, version):
        return [AnswerRow(_nothing(asked), None)]
    if asked["windowSize"]:
        return sorted(rows, key=lambda row: row.usage.window_start)
    # Unordered in OpenMeter; its own tests expect the last subject first.
    return sorted(rows, key=lambda row: row.usage.subject or "", reverse=True)


def _question(asked: dict[str, Any], version: MeterVersion) -> UsageQuestion:
    size = asked["windowSize"]
    return UsageQuestion(
        version=version,
        start=asked["from"],
        end=asked["to"],
        subjects=asked["subject"] or None,
        filters=_filters(asked) or None,
        group_by=_meter_groups(asked),
        by_subject=_by_subject(asked),
        window=(WindowSize(size), ZoneInfo(asked["windowTimeZone"])) if size else None,
    )


def _customers(public_ids: Sequence[str]) -> list[Customer]:
    """Return the customers in the order in which they are named, each once."""
    named = list(dict.fromkeys(public_ids))
    found = {customer.ulid: customer for customer in Customer.objects.filter(ulid__in=named)} if named else {}
    for public_id in named:
        if public_id not in found:
            raise Http404(f"There is no customer with the id {public_id}.")
    return [found[public_id] for public_id in named]


def _rows_of_customers(
    question: UsageQuestion, customers: Sequence[Customer], note: Callable[[int], None]
) -> list[AnswerRow]:
    found = usage_by_customer(question, [customer.pk for customer in customers], note=note)
    public_ids = {customer.pk: customer.ulid for customer in customers}
    order = {customer.pk: place for place, customer in enumerate(customers)}
    found.sort(key=lambda usage: (order[usage.customer_id], usage.row.window_start, *usage.row.group.values()))
    return [AnswerRow(usage.row, public_ids[usage.customer_id]) for usage in found]


def _filters(asked: dict[str, Any]) -> dict[str, Any]:
    return asked["advancedMeterGroupByFilters"] or asked["filterGroupBy"] or {}


def _meter_groups(asked: dict[str, Any]) -> list[str]:
    return [name for name in dict.fromkeys(asked["groupBy"]) if name not in {SUBJECT, CUSTOMER}]


def _by_subject(asked: dict[str, Any]) -> bool:
    return bool(asked["subject"]) or SUBJECT in asked["groupBy"]


def _counts_nothing(asked: dict[str, Any], version: MeterVersion) -> bool:
    """Whether an empty answer is a count of 0, as OpenMeter gives where nothing is grouped."""
    is_grouped = asked["windowSize"] or asked["groupBy"] or asked["subject"] or asked["filterCustomerId"]
    return version.meter.aggregation in COUNTING and not is_grouped


def _nothing(asked: dict[str, Any]) -> UsageRow:
    start, end = asked["from"] or _EPOCH, asked["to"] or _EPOCH + _MINUTE
    return UsageRow(window_start=start, window_end=end, subject=None, group={}, value=Decimal(0), events=0)
