"""Random histories of events, corrections and roll-ups, and random questions about their usage."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from django.db import connection

from metering.filter_string import parse_filter
from metering.identity import event_key
from metering.ingest.decode import decode_events
from metering.ingest.writer import write_events
from metering.models import Aggregation, Batch, BatchKind, EventVoid
from metering.queries.usage import SubjectSpan
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups, lock_rollups, mark_stale
from metering.windows import WindowSize
from tests.metering.usage_model import Stored

AT = datetime(2026, 4, 1, tzinfo=UTC)
# The clocks of Paris go forward at 01:00 UTC on 29 March 2026; Kathmandu is 5:45 ahead of UTC.
BASE = datetime(2026, 3, 28, 22, tzinfo=UTC)
ZONES = [
    ZoneInfo(name) for name in ("UTC", "Europe/Paris", "Asia/Kathmandu", "America/Los_Angeles", "Australia/Lord_Howe")
]
SUBJECTS = ["acme", "ü" * 1500]
VALUES = [0, 1, 7, -2, "12.5", "1e3", "0.1", "1", " 12 ", "NaN", None, True, "true", [1], 10**37, "9" * 38 + ".5"]
MODELS = ["gpt-4o", "gpt-4o", "", None, 4, True]
FILTERS = [["gpt-4o", ""], ["4", "true"], {"$ne": "4"}, {"$like": "%4%"}, {"$or": [{"$gt": "4"}, {"$eq": "4"}]}]

# Near edges of minutes, quarter hours, hours and days, where mistakes hide; few quarter hours, so that things meet.
QUARTERS = [0, 1, 1, 1, 2, 2, 2, 3, 4, 96, 97, 98]
MICROSECONDS = [-1, 0, 1, 59_999_999, 60_000_000, 61_000_000, 449_000_000, 899_999_999]


class Chance:
    """Scenarios and questions by one random generator: evenly spread, which Hypothesis's own lists are not."""

    def __init__(self, seed):
        self._random = Random(seed)
        self._choice = self._random.choice

    def steps(self):
        kinds = {
            self._events: 8,
            lambda: ("roll up", self._choice([1, 5, 10, 40])): 7,
            lambda: ("new meter", self._choice(Aggregation.values)): 1,
            lambda: ("void", self._random.random()): 3,
            lambda: ("amend", self._random.random()): 1,
            lambda: ("restore", self._random.random()): 2,
        }
        chosen = self._random.choices([*kinds], [*kinds.values()], k=self._random.randint(4, 16))
        return [("new meter", self._choice(Aggregation.values)), self._events(), *(kind() for kind in chosen)]

    def query(self):
        return {
            "start": self._choice([None, self._time()]),
            "end": self._choice([None, self._time()]),
            "spans": self._choice([None, None, [self._span() for _ in range(self._random.randint(1, 4))]]),
            "subjects": self._choice([None, None, None, self._random.sample(SUBJECTS, self._random.randint(0, 2))]),
            "filters": self._choice([None, None, {"model": self._filter()}]),
            "group_by": self._choice([[], ["model"], ["region", "model"]]),
            "by_subject": self._choice([True, False]),
            "window": self._choice([None, (self._choice(list(WindowSize)), self._choice(ZONES))]),
            "bound": self._choice([None, self._random.random()]),
        }

    def _filter(self):
        raw = self._choice(FILTERS)
        return raw if isinstance(raw, list) else parse_filter(raw, depth=1)

    def _time(self):
        return BASE + timedelta(minutes=15 * self._choice(QUARTERS), microseconds=self._choice(MICROSECONDS))

    def _span(self):
        ends = sorted([self._time(), self._time()])
        return SubjectSpan(self._choice(SUBJECTS), self._choice([None, ends[0]]), self._choice([None, ends[1]]))

    def _events(self):
        return "events", [self._event() for _ in range(self._random.randint(1, 10))]

    def _event(self):
        data = {
            "model": self._choice(MODELS),
            "region": self._choice(["eu", "us"]),
            "usage": {"tokens": self._choice(VALUES)},
        }
        kept = {name: value for name, value in data.items() if self._random.random() < 0.8}
        return {
            "id": str(self._random.randint(0, 40)),
            "source": self._choice(["one", "Two"]),
            "type": self._choice(["tokens", "tokens", "tokens", "other"]),
            "subject": self._choice(SUBJECTS),
            "time": self._time(),
            "data": self._choice([kept, kept, kept, None]),
        }


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
