"""How far the back-fill of meter versions is."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, QuerySet
from django.db.models.expressions import RawSQL

from metering.models import MeterVersion

_COUNTED_BATCHES = 100_000
# The next batches of a back-fill, so many at most: their events, and how many batches these are.
_LEFT = """
    CASE WHEN metering_meterversion.backfilled_at IS NULL THEN (
        SELECT ARRAY[coalesce(sum(accepted), 0)::bigint, count(*)] FROM (
            SELECT accepted FROM metering_batch batch
            WHERE batch.id > metering_meterversion.backfilled_batch AND batch.id <= metering_meterversion.floor_batch
              AND batch.accepted > 0
            ORDER BY batch.id LIMIT %s
        ) counted
    ) END
"""


@dataclass(frozen=True, slots=True)
class Backfill:
    """
    A back-fill that runs or waits: the batch it has come to and the last one, and the events it still has to read.

    `has_more` says that there are more events left than were counted.
    """

    done: int
    total: int
    events_left: int
    has_more: bool


def with_backfill(versions: QuerySet[MeterVersion]) -> QuerySet[Any]:
    """Return versions of which `backfill_of` tells how far they are; of each, it counts 100,000 batches at most."""
    left = RawSQL(_LEFT, [_COUNTED_BATCHES], output_field=ArrayField(BigIntegerField()))  # noqa: S611
    return versions.annotate(backfill_left=left)


def backfill_of(version: Any) -> Backfill | None:
    """Return how far the back-fill of a version from `with_backfill` is, None once it is done."""
    if version.backfill_left is None:
        return None
    events, batches = version.backfill_left
    return Backfill(version.backfilled_batch, version.floor_batch, events, batches == _COUNTED_BATCHES)
