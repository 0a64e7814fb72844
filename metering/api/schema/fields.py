"""The fields that the shapes of answers are made of."""

from typing import Any

from rest_framework import serializers


class UlidField(serializers.RegexField):
    """A public id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$", **kwargs)


class CurrencyField(serializers.RegexField):
    """A code of ISO 4217."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[A-Z]{3}$", **kwargs)


class NumberField(serializers.FloatField):
    """A JSON number with all its digits."""


def texts(**kwargs: Any) -> serializers.DictField:
    """Return a field for an object whose values are text."""
    return serializers.DictField(child=serializers.CharField(allow_blank=True), **kwargs)


class PageOutput(serializers.Serializer[Any]):
    page = serializers.IntegerField()
    pageSize = serializers.IntegerField()
    totalCount = serializers.IntegerField()


class ProblemOutput(serializers.Serializer[Any]):
    """See `metering.problems.problem`."""

    type = serializers.CharField(help_text="Always about:blank: the status says what kind of problem it is.")
    title = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField(required=False, help_text="What to change, in a sentence or two.")
    instance = serializers.CharField(help_text="Names this very request, for those who ask about it.")
    extensions = serializers.DictField(
        required=False, help_text="A code in words, and validationErrors: which field of the body is wrong, and why."
    )
