"""What the tests of OpenMeter's Python SDK begin with."""

import uuid
from datetime import UTC, datetime, timedelta

from openmeter.models import Event, MeterCreate

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
# Some lists reach back only a month or three.
LAST_HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
JANUARY = {"from_parameter": datetime(2026, 1, 1, tzinfo=UTC), "to": datetime(2026, 2, 1, tzinfo=UTC)}


def make_meter(client, slug, aggregation="SUM", **changes):
    """A meter over events of the type that it is named after, grouped by model."""
    fields = {
        "slug": slug,
        "event_type": slug,
        "aggregation": aggregation,
        "value_property": None if aggregation == "COUNT" else "$.tokens",
        "group_by": {"model": "$.model"},
        "name": "Tokens",
        **changes,
    }
    return client.meters.create(MeterCreate(**fields))


def make_event(event_type, tokens, *, subject="acme", hours=0, model="large", **changes):
    fields = {
        "id": uuid.uuid4().hex,
        "source": "tests",
        "specversion": "1.0",
        "type": event_type,
        "subject": subject,
        "time": NOON + timedelta(hours=hours),
        "data": {"tokens": tokens, "model": model},
        **changes,
    }
    return Event(**fields)
