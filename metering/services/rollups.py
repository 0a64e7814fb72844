"""Carry written events into buckets, so that usage over any time is a short sum."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from metering.models import Batch, Bucket, Event, EventVoid, MeterVersion
from metering.rollup_sql import (
    Line,
    mark_stale_statement,
    rebuild_days_statement,
    rebuild_statement,
    rollup_statement,
)

_ROLLUP_LOCK = (7741, 2)
_MOST_BATCHES = 10_000
_MOST_BUCKETS = 2_000
_PLANNER = {"enable_nestloop": "off", "enable_mergejoin": "off", "enable_sort": "off", "work_mem": "64MB"}


def lock_rollups() -> None:
    """Make every other roll-up and back-fill wait until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _ROLLUP_LOCK)


@transaction.atomic
def advance_rollups(*, limit: int = 20_000) -> int:
    """
    Add committed batches to the buckets, then events that a new meter version found, and build stale buckets anew.

    Each of the three parts handles about `limit` events, in whole batches or buckets. Return how many of these there
    were; call it until it returns 0 to catch up. In one transaction with the marks that say what is in the buckets, so
    no event counts twice or is missed.
    """
    lock_rollups()
    return _roll_up_pending(limit) + _backfill_next(limit) + _rebuild_stale(limit)


def mark_stale(*, event_keys: Sequence[UUID]) -> None:
    """
    Mark the buckets that hold these events, of every meter version: until they are built anew, events are read instead.

    Call it in the transaction that voids or restores the events, which holds the roll-up lock.
    """
    keys = list(event_keys)
    types = Event.objects.filter(pk__in=keys).values_list("type", flat=True).distinct()
    for version in _versions_of(types):
        _run(mark_stale_statement(_line(version), event_keys=keys))


def _roll_up_pending(limit: int) -> int:
    pending = Batch.objects.pending().order_by("pk").values_list("pk", "accepted")[:_MOST_BATCHES]
    batch_ids = _about(limit, pending)
    types = Event.objects.filter(batch_id__in=batch_ids).values_list("type", flat=True).distinct()
    _add(_versions_of(types), batch_ids)
    Batch.objects.filter(pk__in=batch_ids).update(is_rolled_up=True)
    return len(batch_ids)


def _backfill_next(limit: int) -> int:
    version = MeterVersion.objects.filter(backfilled_at=None).select_related("meter").order_by("pk").first()
    if version is None:
        return 0
    left = Batch.objects.filter(pk__gt=version.backfilled_batch, pk__lte=version.floor_batch, accepted__gt=0)
    batch_ids = _about(limit, left.order_by("pk").values_list("pk", "accepted")[:_MOST_BATCHES])
    if batch_ids:
        _add([version], batch_ids, is_backfill=True)
        MeterVersion.objects.filter(pk=version.pk).update(backfilled_batch=batch_ids[-1])
    else:
        MeterVersion.objects.filter(pk=version.pk).update(backfilled_at=Now())
    # One more call finds that nothing is left, and says so by the time it sets.
    return len(batch_ids) or 1


def _rebuild_stale(limit: int) -> int:
    stale = Bucket.objects.filter(is_stale=True).order_by("start_at").values_list("pk", "events")[:_MOST_BUCKETS]
    bucket_ids = _about(limit, stale)
    versions = MeterVersion.objects.filter(series__buckets__in=bucket_ids).select_related("meter").distinct()
    for version in versions.order_by("pk"):
        own = list(Bucket.objects.filter(pk__in=bucket_ids, series__meter_version=version).values_list("pk", flat=True))
        _run(rebuild_statement(_line(version), bucket_ids=own))
        _run(rebuild_days_statement(_line(version), bucket_ids=own))
    return len(bucket_ids)


def _versions_of(types: Iterable[str]) -> Iterable[MeterVersion]:
    return MeterVersion.objects.filter(meter__event_type__in=set(types)).select_related("meter").order_by("pk")


def _line(version: MeterVersion) -> Line:
    meter = version.meter
    return Line(
        version_id=version.pk,
        aggregation=meter.aggregation,
        event_type=meter.event_type,
        value_path=meter.value_path,
        group_paths=version.group_paths,
    )


def _about(limit: int, parts: Iterable[tuple[int, int]]) -> list[int]:
    """Return the first batches or buckets that hold `limit` events together, and at least one."""
    chosen: list[int] = []
    total = 0
    for part_id, events in parts:
        if chosen and total + events > limit:
            break
        chosen.append(part_id)
        total += events
    return chosen


def _add(versions: Iterable[MeterVersion], batch_ids: Sequence[int], *, is_backfill: bool = False) -> None:
    voided = _voided_before(batch_ids)
    for version in versions:
        fitting = [batch_id for batch_id in batch_ids if is_backfill or batch_id > version.floor_batch]
        if fitting:
            with _planned_for_many():
                _run(rollup_statement(_line(version), batch_ids=fitting))
            if voided:
                _run(mark_stale_statement(_line(version), event_keys=voided))


def _voided_before(batch_ids: Sequence[int]) -> list[UUID]:
    """Return the events of batches that were voided, restored or not, before they got into buckets."""
    voids = EventVoid.objects.filter(event_key=OuterRef("key"), voided_batch_id__gt=min(batch_ids, default=0))
    return list(Event.objects.filter(Exists(voids), batch_id__in=batch_ids).values_list("key", flat=True))


def _run(statement: tuple[str, dict[str, Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(*statement)


@contextmanager
def _planned_for_many() -> Iterator[None]:
    """
    Have the server join and group by hashing.

    It takes the events of batches for a handful, whatever their number, and would compare each with each.
    """
    with connection.cursor() as cursor:
        for name, value in _PLANNER.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield
        for name in _PLANNER:
            cursor.execute(f"SET LOCAL {name} TO DEFAULT")
