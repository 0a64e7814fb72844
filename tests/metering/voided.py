"""A small world with a void and a restored event, a meter of each aggregation, and what the audit says of it."""

import json
from datetime import UTC, datetime

from django.db import connection

from metering.audit import CHECKS, Scope
from metering.identity import event_key
from metering.ingest.decode import decode_events
from metering.ingest.writer import store_events
from metering.models import Aggregation, Batch, BatchKind, EventVoid
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups, lock_rollups, mark_stale
from tests.metering.doors import event

AT = datetime(2026, 1, 5, tzinfo=UTC)


def make_world():
    """Two events of a quarter hour that count, one that is void, one that was; a meter of each aggregation."""
    for aggregation in Aggregation.values:
        make_meter(aggregation)
    store(*(event(str(tokens), data={"tokens": tokens}) for tokens in (3, 5, 7)))
    store(event("9", data={"tokens": 9}, time="2026-01-05T12:20:00Z"))
    void("7")
    void("9")
    restore("9")
    while advance_rollups():
        pass


def make_meter(aggregation="SUM", **changes):
    path = "" if aggregation == Aggregation.COUNT else "$.tokens"
    fields = {"slug": aggregation.lower(), "aggregation": aggregation, "value_property": path, **changes}
    return create_meter(event_type="tokens", at=AT, **fields).current_version


def store(*events):
    body = json.dumps(list(events)).encode()
    return store_events(decode_events(body, "application/json", at=AT, api_key_id=None), at=AT).batch_id


def void(*event_ids):
    """Void events in one batch; return its number."""
    lock_rollups()
    batch = Batch.objects.create(kind=BatchKind.VOID, received_at=AT, is_rolled_up=True).pk
    keys = [event_key("tests", event_id) for event_id in event_ids]
    EventVoid.objects.bulk_create([EventVoid(event_key=key, voided_batch_id=batch) for key in keys])
    mark_stale(event_keys=keys)
    return batch


def restore(*event_ids):
    """Restore events in one batch; return its number."""
    lock_rollups()
    batch = Batch.objects.create(kind=BatchKind.RESTORE, received_at=AT, is_rolled_up=True).pk
    keys = [event_key("tests", event_id) for event_id in event_ids]
    EventVoid.objects.filter(event_key__in=keys, restored_batch=None).update(restored_batch=batch)
    mark_stale(event_keys=keys)
    return batch


def findings():
    return [str(finding) for check in CHECKS for finding in check.find(Scope(at=AT))]


def corrupt(statement):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
        assert cursor.rowcount > 0
        cursor.execute("SET session_replication_role = origin")
