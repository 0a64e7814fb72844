"""A small world for tests of corrections: one SUM and one COUNT meter, events of acme, and what they amount to."""

import json
from datetime import UTC, datetime

from metering.ingest.decode import decode_events
from metering.ingest.writer import store_events
from metering.queries.event_filter import EventFilter
from metering.queries.usage import total_usage
from metering.services.corrections import void_events
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups
from tests.metering.doors import event

AT = datetime(2026, 1, 5, tzinfo=UTC)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def store(*events):
    """Store events, as one batch; return its number."""
    body = json.dumps(list(events)).encode()
    return store_events(decode_events(body, "application/json", at=AT, api_key_id=None), at=AT).batch_id


def tokens(event_id, quantity, **changes):
    return event(str(event_id), data={"tokens": quantity}, **changes)


def tokens_meter(**changes):
    fields = {"slug": "tokens", "aggregation": "SUM", "value_property": "$.tokens", **changes}
    return create_meter(event_type="tokens", at=AT, **fields)


def usage(meter, bound=None):
    """Return usage now or at a bound, which reads of buckets and of raw events agree on."""
    version = meter.current_version
    fast = total_usage(version=version, start=None, end=None, bound=bound)
    slow = total_usage(version=version, start=None, end=None, bound=bound, from_events_only=True)
    assert fast == slow
    return fast


def roll_up():
    while advance_rollups():
        pass


def named(*event_ids, source="tests"):
    return EventFilter(events=tuple((source, str(event_id)) for event_id in event_ids))


def void(*event_ids, **changes):
    return void_events(**{"events": named(*event_ids), "reason": "Sent by mistake", "at": AT, **changes})
