"""Random histories of events, corrections and roll-ups: doing it, and remembering what should be known of it."""

import json
from datetime import timedelta
from random import Random

from django.db import connection

from metering.identity import event_key
from metering.ingest.decode import decode_events
from metering.ingest.writer import write_events
from metering.models import Aggregation, Batch, BatchKind, EventVoid
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups, lock_rollups, mark_stale
from tests.metering.usage_chance import AT, BASE
from tests.metering.usage_model import Stored


class History:
    """A world in which the steps of a scenario happen; `batches` says when, `versions` and `events` are what for."""

    def __init__(self, steps):
        self.versions, self.batches, self._stored = [], [], {}
        self.go_on(steps)

    def go_on(self, steps):
        for name, given in steps:
            getattr(self, f"_{name.replace(' ', '_')}")(given)

    @property
    def events(self):
        return list(self._stored.values())

    def bound(self, share):
        """The batch at a share of the way, None for now."""
        return None if share is None else self.batches[int(share * len(self.batches))]

    def _roll_up(self, limit):
        advance_rollups(limit=limit)

    def _new_meter(self, aggregation):
        number = len(self.versions)
        meter = create_meter(
            slug=f"tokens_{number}",
            event_type="tokens",
            aggregation=aggregation,
            value_property="" if aggregation == Aggregation.COUNT else "$.usage.tokens",
            group_by={"model": "$.model", "region": "$.region"},
            event_from=BASE + timedelta(hours=3) if number % 3 == 2 else None,
            at=AT,
        )
        self.versions.append(meter.current_version)

    def _events_of(self, counts, share):
        """About a third of the events that count, or that do not."""
        found = [event for event in self.events if event.counts_at(None) == counts]
        return Random(share).sample(found, len(found) // 3)

    def _events(self, sent):
        self._write(sent)

    def _write(self, sent):
        body = json.dumps([{**event, "time": event["time"].isoformat()} for event in sent]).encode()
        decoded = decode_events(body, "application/json", at=AT, api_key_id=None)
        with connection.cursor() as cursor:
            batch = write_events(cursor, decoded, at=AT).batch_id
        self.batches.append(batch)
        for event in sent:
            self._stored.setdefault((event["source"], event["id"]), Stored(batch=batch, **event))
        return batch

    def _void(self, share):
        batch = Batch.objects.create(kind=BatchKind.VOID, received_at=AT, is_rolled_up=True).pk
        self._mark_void(self._events_of(True, share), batch)
        self.batches.append(batch)

    def _amend(self, share):
        originals = self._events_of(True, share)
        changed = [
            {"id": f"{event.id}/amended", "source": event.source, "type": event.type, "subject": event.subject,
             "time": event.time, "data": {"usage": {"tokens": 5}, "model": "gpt-4o"}}
            for event in originals
        ]  # fmt: skip
        if changed:
            batch = self._write(changed)
            Batch.objects.filter(pk=batch).update(kind=BatchKind.AMENDMENT)
            self._mark_void(originals, batch)

    def _mark_void(self, events, batch):
        lock_rollups()
        keys = [event_key(event.source, event.id) for event in events]
        EventVoid.objects.bulk_create([EventVoid(event_key=key, voided_batch_id=batch) for key in keys])
        mark_stale(event_keys=keys)
        for event in events:
            event.voids.append((batch, None))

    def _restore(self, share):
        batch = Batch.objects.create(kind=BatchKind.RESTORE, received_at=AT, is_rolled_up=True).pk
        events = self._events_of(False, share)
        keys = [event_key(event.source, event.id) for event in events]
        lock_rollups()
        EventVoid.objects.filter(event_key__in=keys, restored_batch=None).update(restored_batch=batch)
        mark_stale(event_keys=keys)
        for event in events:
            event.voids[-1] = (event.voids[-1][0], batch)
        self.batches.append(batch)
