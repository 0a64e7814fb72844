"""How far back-fill is with the events that were there before a meter version."""

from dataclasses import dataclass

from metering.models import MeterVersion


@dataclass(frozen=True, slots=True)
class Backfill:
    """The number of the last batch whose events are in the buckets, and that of the last one that has to be."""

    done: int
    total: int


def backfill_of(version: MeterVersion) -> Backfill | None:
    """Return how far back-fill is, None once it is finished; usage is right all the while, and fast afterwards."""
    if version.backfilled_at is not None:
        return None
    return Backfill(done=version.backfilled_batch, total=version.floor_batch)
