"""Let events count no longer, or again, in a batch; the caller holds the roll-up lock."""

from collections.abc import Sequence

from django.db.models import F

from metering.models import Batch, Correction, Event, EventVoid
from metering.services.rollups import mark_stale


def void_now(events: Sequence[Event], batch: Batch) -> None:
    """Void events that count now, in key order."""
    keys = sorted(event.key for event in events)
    EventVoid.objects.bulk_create([EventVoid(event_key=key, voided_batch=batch) for key in keys])
    mark_stale(event_keys=keys)


def restore_now(voids: Sequence[EventVoid], batch: Batch) -> None:
    """End voids, and count them with the corrections that made them."""
    for void in voids:
        void.restored_batch = batch
    EventVoid.objects.filter(pk__in=[void.pk for void in voids]).update(restored_batch=batch)
    Correction.objects.filter(batches__in={void.voided_batch_id for void in voids}).update(
        restored=F("restored") + len(voids)
    )
    mark_stale(event_keys=sorted(void.event_key for void in voids))
