"""Test clocks as the API takes and shows them."""

from typing import Any

from rest_framework import serializers

from metering.models import TestClock
from metering.serializers.fields import InstantField, TextField


class TestClockInput(serializers.Serializer[Any]):
    __test__ = False

    name = TextField(max_length=200)
    now = InstantField()


class TestClockMoveInput(serializers.Serializer[Any]):
    __test__ = False

    to = InstantField()


def clock_output(clock: TestClock) -> dict[str, Any]:
    """Return a test clock as the API shows it."""
    return {"id": clock.ulid, "name": clock.name, "now": clock.now_at, "createdAt": clock.created_at}
