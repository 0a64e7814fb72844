"""Usage queries as the API takes them, and usage as it answers."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from django.http import QueryDict
from rest_framework import exceptions, serializers
from rest_framework.utils.serializer_helpers import BindingDict

from metering.filter_string import FilterString
from metering.instants import instant_text
from metering.queries.usage import UsageRow
from metering.rendering import decode
from metering.serializers.fields import ChoiceField, RangeInput, TextField
from metering.serializers.filters import FilterTextField
from metering.windows import WindowSize
from metering.zones import zone_names

SUBJECT, CUSTOMER = "subject", "customer_id"
_DEEP_OBJECT = re.compile(r"^filterGroupBy\[(.+)\]$", re.DOTALL)
_SINGLE = ("from", "to", "windowSize", "windowTimeZone", "clientId", "advancedMeterGroupByFilters")
_LISTS = ("subject", "groupBy", "filterCustomerId")
_MOST_ITEMS = 100
_LONGEST_CLIENT_ID = 36
_FILTER_DEPTH = 2
# The reference writes six decimals; digits beyond them are kept.
_CSV_PLACES = Decimal("0.000001")


class FiltersField(serializers.DictField):
    """Conditions by name; in a query string, as JSON."""

    child = FilterTextField(depth=_FILTER_DEPTH)

    def to_internal_value(self, data: Any) -> dict[str, FilterString]:
        if isinstance(data, str):
            try:
                data = decode(data.encode())
            except (exceptions.ParseError, UnicodeEncodeError):
                raise serializers.ValidationError('Write it as JSON, such as {"model": {"$eq": "gpt-4"}}.') from None
        filters: dict[str, FilterString] = super().to_internal_value(data)
        return filters


def _texts(**kwargs: Any) -> serializers.ListField:
    return serializers.ListField(child=TextField(), allow_null=True, default=list, **kwargs)


class UsageInput(RangeInput):
    """A usage query; both kinds of filters map names of the meter's groups to what counts."""

    clientId = TextField(required=False, allow_null=True, default=None, max_length=_LONGEST_CLIENT_ID)
    windowSize = ChoiceField(choices=list(WindowSize), required=False, allow_null=True, default=None)
    windowTimeZone = TextField(required=False, allow_null=True, default="UTC")
    subject = _texts()
    groupBy = _texts()
    filterCustomerId = _texts(max_length=_MOST_ITEMS)
    filterGroupBy = serializers.DictField(
        child=serializers.ListField(child=TextField(allow_blank=True)), allow_null=True, default=dict
    )
    advancedMeterGroupByFilters = FiltersField(allow_null=True, default=dict)

    @property
    def fields(self) -> BindingDict:
        """Return the fields, which keep nothing of what they read: to copy them costs more than to read by them."""
        return _bound_fields(type(self))

    def validate_windowTimeZone(self, name: str | None) -> str:
        if name is not None and name not in zone_names():
            raise serializers.ValidationError(f"There is no time zone {name}. Use an IANA name such as Europe/Paris.")
        return name or "UTC"

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        super().validate(attrs)
        if attrs["filterGroupBy"] and attrs["advancedMeterGroupByFilters"]:
            raise serializers.ValidationError("Filter by filterGroupBy or by advancedMeterGroupByFilters, not by both.")
        return {name: value or [] if name in _LISTS else value for name, value in attrs.items()}


@cache
def _bound_fields(input_class: type[UsageInput]) -> BindingDict:
    owner = input_class()
    fields = BindingDict(owner)
    for name, field in owner.get_fields().items():
        fields[name] = field
    return fields


class UsageBodyInput(UsageInput):
    """A usage query as a body, which may name more than fits an address."""

    subject = _texts(max_length=_MOST_ITEMS)
    groupBy = _texts(max_length=_MOST_ITEMS)


def usage_parameters(parameters: QueryDict) -> dict[str, Any]:
    """Return the query string of a usage query in the shape of its body; what it does not know is left out."""
    asked: dict[str, Any] = {name: parameters[name] for name in _SINGLE if name in parameters}
    asked |= {name: parameters.getlist(name) for name in _LISTS}
    # The Python SDK sends a plain filterGroupBy with the text of a dict, which OpenMeter ignores as well.
    names = {name: match[1] for name in parameters if (match := _DEEP_OBJECT.match(name))}
    return asked | {"filterGroupBy": {inner: parameters.getlist(name) for name, inner in names.items()}}


# --- What comes back -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A row of usage, and the public id of the customer it belongs to where the query asks for customers."""

    usage: UsageRow
    customer_id: str | None


def usage_output(asked: Mapping[str, Any], rows: Sequence[AnswerRow]) -> dict[str, Any]:
    """Return usage as the API shows it, with what was sent of the range and the window."""
    echo = {name: asked[name] for name in ("from", "to", "windowSize") if asked[name]}
    return echo | {"data": [_json_row(row) for row in rows]}


def _json_row(row: AnswerRow) -> dict[str, Any]:
    members = {
        "value": row.usage.value,
        "windowStart": row.usage.window_start,
        "windowEnd": row.usage.window_end,
        "subject": row.usage.subject,
        "groupBy": row.usage.group,
    }
    return members if row.customer_id is None else members | {"customerId": row.customer_id}


def usage_csv(rows: Sequence[AnswerRow], *, groups: Sequence[str], has_subject: bool, has_customer: bool) -> str:
    """Return usage as CSV with a header; values have at least six decimals."""
    subject, customer = [SUBJECT] if has_subject else [], [CUSTOMER] if has_customer else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["window_start", "window_end", *subject, *customer, *groups, "value"])
    for row in rows:
        usage = row.usage
        writer.writerow(
            [
                instant_text(usage.window_start),
                instant_text(usage.window_end),
                *([usage.subject] if has_subject else []),
                *([row.customer_id] if has_customer else []),
                *(usage.group[name] for name in groups),
                _csv_number(usage.value),
            ]
        )
    return text.getvalue()


def _csv_number(value: Decimal) -> str:
    padded = value if value.as_tuple().exponent < -6 else value.quantize(_CSV_PLACES)  # type: ignore[operator]
    return f"{padded:f}"
