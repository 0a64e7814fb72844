"""Filters as the API takes them: conditions on a text or a time, written as JSON."""

from typing import Any

from rest_framework import serializers

from metering.filter_string import FilterString, parse_filter
from metering.filter_time import FilterTime, parse_time_filter


class FilterTextField(serializers.Field[FilterString, Any, Any, Any]):
    """A condition on a text, such as `{"$in": ["a", "b"]}`; `depth` is how often `$and` and `$or` may be nested."""

    def __init__(self, *, depth: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._depth = depth

    def to_internal_value(self, data: Any) -> FilterString:
        try:
            return parse_filter(data, depth=self._depth)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class FilterTimeField(serializers.Field[FilterTime, Any, Any, Any]):
    """A condition on a time, such as `{"$gte": "2026-01-01T00:00:00Z"}`; `depth` as of a text."""

    def __init__(self, *, depth: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._depth = depth

    def to_internal_value(self, data: Any) -> FilterTime:
        try:
            return parse_time_filter(data, depth=self._depth)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
