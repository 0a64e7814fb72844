"""The fields that every input and output of the API is made of."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from rest_framework import serializers

from metering.errors import DomainError
from metering.exact_json import encode
from metering.ingest import numbers
from metering.instants import has_offset

_Input = TypeVar("_Input", bound=serializers.Serializer[Any])
MAX_PAGE_SIZE = 1000
MAX_LIST_SIZE = 10_000
# What is nested deeper might be written, and then not be read where more functions have called each other.
_DEEPEST = 100
_WRITE_THE_TIME = "Write the time with an offset, such as 2026-01-31T00:00:00Z."


class NotAnObject(DomainError):
    code = "not_an_object"


class NotAnArray(DomainError):
    code = "not_an_array"


def checked(input_class: type[_Input], data: Any) -> _Input:
    """
    Return a serializer whose `validated_data` may be used.

    :raises NotAnObject: if the body is an array, text, number or null.
    :raises ValidationError: naming each field that is wrong.
    """
    if not isinstance(data, Mapping):
        raise NotAnObject("Send one JSON object as the body, such as {}.")
    read = input_class(data=data)
    read.is_valid(raise_exception=True)
    return read


def checked_list(input_class: type[_Input], data: Any) -> list[_Input]:
    """
    Return a serializer with `validated_data` for each object of an array.

    :raises NotAnArray: if the body is anything else, or is empty or has more than MAX_LIST_SIZE objects.
    :raises ValidationError: naming each element and field that is wrong.
    """
    if not isinstance(data, list) or not 0 < len(data) <= MAX_LIST_SIZE:
        raise NotAnArray(f"Send a JSON array of 1 to {MAX_LIST_SIZE:,} objects as the body.")
    read = [input_class(data=element) for element in data]
    wrong: Any = {index: element.errors for index, element in enumerate(read) if not element.is_valid()}
    if wrong:
        raise serializers.ValidationError(wrong)
    return read


class ChoiceField(serializers.ChoiceField):
    """One of a few words; whoever sends another is told which there are."""

    def __init__(self, choices: Iterable[str], **kwargs: Any) -> None:
        words = list(choices)
        super().__init__(choices=words, **kwargs)
        self.error_messages["invalid_choice"] = f"Use one of {', '.join(words)}."


class InstantField(serializers.DateTimeField):
    """An instant in RFC 3339: an offset is required, since a bare time means another instant in each zone."""

    default_error_messages = dict.fromkeys(("invalid", "date", "overflow"), _WRITE_THE_TIME)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str) and not has_offset(value):
            raise serializers.ValidationError(_WRITE_THE_TIME)
        return super().to_internal_value(value)


class TextField(serializers.CharField):
    """Text as it was sent: nothing is trimmed, numbers are not text."""

    default_error_messages = {"invalid": "Send a string."}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TextsField(serializers.DictField):
    """An object whose values are text; null is an empty one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=TextField(allow_blank=True), allow_null=True, required=False, **kwargs)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        texts: dict[str, str] = super().to_internal_value(data)
        if any("\0" in name for name in texts):
            raise serializers.ValidationError("Remove the null character from the names.")
        return texts


class JsonObjectField(serializers.DictField):
    """An object with values of any kind, kept with all digits of their numbers; null is an empty one."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().to_internal_value(data)
        if _is_deeper(found, _DEEPEST):
            raise serializers.ValidationError(f"Nest at most {_DEEPEST} levels.")
        written = encode(found)
        if numbers.holds_nul(written):
            raise serializers.ValidationError("Remove the character \\u0000.")
        if numbers.may_be_too_long(written) and numbers.has_too_long_number(written):
            raise serializers.ValidationError(f"Send no number of more than {numbers.MAX_DIGITS:,} digits.")
        return found


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in parts)


class PageInput(serializers.Serializer[Any]):
    page = serializers.IntegerField(min_value=1, max_value=10**9, default=1)
    pageSize = serializers.IntegerField(min_value=1, max_value=MAX_PAGE_SIZE, default=100)


class RangeInput(serializers.Serializer[Any]):
    """A half-open range of event time, open where an end is left out."""

    to = InstantField(required=False, allow_null=True, default=None)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python, so it cannot be declared above.
        return {"from": InstantField(required=False, allow_null=True, default=None), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_range(attrs, "from", "to")
        return attrs


def check_range(values: Mapping[str, Any], start: str, end: str) -> None:
    """
    Pass if a range, half-open, holds some time or is open at an end.

    :raises ValidationError: naming the end if it is not after the start.
    """
    if values.get(start) and values.get(end) and values[start] >= values[end]:
        raise serializers.ValidationError({end: f"The end has to be after the start in {start}."})


def present(members: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not set, as OpenMeter does."""
    return {name: value for name, value in members.items() if value not in (None, "", {})}
