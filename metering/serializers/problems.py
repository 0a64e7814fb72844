"""Errors as the API shows them."""

from typing import Any

from rest_framework import serializers


class ProblemOutput(serializers.Serializer[Any]):
    """The shape of `metering.problems.problem`."""

    type = serializers.CharField(help_text="Always about:blank: the status says what kind of problem it is.")
    title = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField(required=False, help_text="What to change, in a sentence or two.")
    instance = serializers.CharField(help_text="Names this very request, for those who ask about it.")
    extensions = serializers.DictField(
        required=False, help_text="A code in words, and validationErrors: which field of the body is wrong, and why."
    )
