"""Carry written events into buckets, so that usage over any time is a short sum."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from metering.jsonpath import parse_path
from metering.models import Batch, BatchKind, Event, MeterVersion
from metering.rollup_sql import mark_stale_statement, rollup_statement

_ROLLUP_LOCK = (7741, 2)
_MOST_BATCHES = 10_000
_PLANNER = {"enable_nestloop": "off", "enable_mergejoin": "off", "enable_sort": "off", "work_mem": "64MB"}


def lock_rollups() -> None:
    """Make every other roll-up and back-fill wait until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _ROLLUP_LOCK)


@transaction.atomic
def advance_rollups(*, limit: int = 20_000) -> int:
    """
    Add committed batches to the buckets, then events that a new meter version found; return how many batches that took.

    Each of the two parts handles whole batches of about `limit` events. Call it until it returns 0 to catch up. In one
    transaction with the marks that say what is in the buckets, so no event counts twice or is missed.
    """
    lock_rollups()
    return _roll_up_pending(limit) + _backfill_next(limit)


def mark_stale(*, event_keys: Sequence[UUID]) -> None:
    """
    Mark the buckets that hold these events, of every meter version: until they are built anew, events are read instead.

    Call it in the transaction that voids or restores the events, which holds the roll-up lock.
    """
    keys = list(event_keys)
    types = Event.objects.filter(pk__in=keys).values_list("type", flat=True).distinct()
    for version in _versions_of(types):
        text, parameters = mark_stale_statement(
            version_id=version.pk,
            event_type=version.meter.event_type,
            group_paths=_group_paths(version),
            event_keys=keys,
        )
        with connection.cursor() as cursor:
            cursor.execute(text, parameters)


def _roll_up_pending(limit: int) -> int:
    pending = Batch.objects.pending().order_by("pk").values_list("pk", "accepted")[:_MOST_BATCHES]
    batch_ids = _about(limit, pending)
    types = Event.objects.filter(batch_id__in=batch_ids).values_list("type", flat=True).distinct()
    for version in _versions_of(types):
        _add(version, [batch_id for batch_id in batch_ids if batch_id > version.floor_batch])
    Batch.objects.filter(pk__in=batch_ids).update(is_rolled_up=True)
    return len(batch_ids)


def _backfill_next(limit: int) -> int:
    version = MeterVersion.objects.filter(backfilled_at=None).select_related("meter").order_by("pk").first()
    if version is None:
        return 0
    left = Batch.objects.filter(pk__gt=version.backfilled_batch, pk__lte=version.floor_batch, kind=BatchKind.EVENTS)
    batch_ids = _about(limit, left.order_by("pk").values_list("pk", "accepted")[:_MOST_BATCHES])
    _add(version, batch_ids)
    if batch_ids:
        MeterVersion.objects.filter(pk=version.pk).update(backfilled_batch=batch_ids[-1])
    else:
        MeterVersion.objects.filter(pk=version.pk).update(backfilled_at=Now())
    # One more call finds that nothing is left, and says so by the time it sets.
    return len(batch_ids) or 1


def _versions_of(types: Iterable[str]) -> Iterable[MeterVersion]:
    return MeterVersion.objects.filter(meter__event_type__in=set(types)).select_related("meter").order_by("pk")


def _group_paths(version: MeterVersion) -> list[tuple[str, ...]]:
    return [parse_path(version.group_by[key]) for key in version.group_keys]


def _about(limit: int, batches: Iterable[tuple[int, int]]) -> list[int]:
    """Return the first batches that hold `limit` events together, and at least one."""
    chosen: list[int] = []
    total = 0
    for batch_id, accepted in batches:
        if chosen and total + accepted > limit:
            break
        chosen.append(batch_id)
        total += accepted
    return chosen


def _add(version: MeterVersion, batch_ids: Sequence[int]) -> None:
    if not batch_ids:
        return
    meter = version.meter
    text, parameters = rollup_statement(
        version_id=version.pk,
        event_type=meter.event_type,
        value_path=parse_path(meter.value_property) if meter.value_property else None,
        group_paths=_group_paths(version),
        batch_ids=batch_ids,
    )
    with connection.cursor() as cursor, _planned_for_many(cursor):
        cursor.execute(text, parameters)


@contextmanager
def _planned_for_many(cursor: Any) -> Iterator[None]:
    """
    Have the server join and group by hashing.

    It takes the events of batches for a handful, whatever their number, and would compare each with each.
    """
    for name, value in _PLANNER.items():
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
    yield
    for name in _PLANNER:
        cursor.execute(f"SET LOCAL {name} TO DEFAULT")
