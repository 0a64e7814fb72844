"""
Correct what was written: void events, restore them, amend one. Events themselves stay as they are.

Locks are taken in one order: roll-up, the correction, the batch (with the lock that writers share), rows by key. Voids
are written under the roll-up lock alone, so what a transaction has read of them stays true until it ends.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django_q.tasks import async_task

from metering.errors import DomainError
from metering.ingest.fence import current_bound, start_batch
from metering.models import (
    BatchKind,
    Correction,
    CorrectionKind,
    CorrectionStatus,
    Event,
    EventVoid,
    InvalidCorrectionMove,
)
from metering.queries.corrections import VoidPreview, open_void, preview_of
from metering.queries.event_filter import MOST_EVENTS, EventFilter
from metering.services.reasons import check_reason
from metering.services.rollups import lock_rollups
from metering.services.voids import restore_now, void_now

# About 200,000 events, so that a long correction keeps other jobs waiting for seconds only.
_BATCHES_A_JOB = 20
_PATIENCE = timedelta(minutes=2)


class NothingToVoid(DomainError):
    status = 409
    code = "nothing_to_void"


class EventIsNotVoid(DomainError):
    status = 409
    code = "event_is_not_void"


class AmendedLater(DomainError):
    status = 409
    code = "amended_later"


def preview_void(*, events: EventFilter) -> VoidPreview:
    """
    Return what voiding these events would do as things are now; nothing changes.

    :raises EmptyFilter, TooManyEvents: if it is not clear which events are meant.
    :raises UnknownEvent: if a listed event is not stored.
    """
    events.check()
    events.check_known()
    return preview_of(events, bound=current_bound())


def void_events(*, events: EventFilter, reason: str, at: datetime) -> Correction:
    """
    Let events that are stored by now count no longer, up to 10,000 of them at once and the others by a job.

    An event that is void already is left to its earlier void. Usage at earlier batch bounds stays what it was.

    :raises EmptyFilter, TooManyEvents: if it is not clear which events are meant.
    :raises UnknownEvent: if a listed event is not stored.
    :raises ReasonIsMissing: without a reason.
    :raises NothingToVoid: if no event matches, or all that do are void already.
    """
    events.check()
    check_reason(reason)
    events.check_known()
    # The fence comes first: what it covers is complete, so these events are the same whenever they are looked for.
    bound = current_bound()
    matched = events.matching(bound=bound).count()
    if not matched:
        raise NothingToVoid("No stored event matches. Check the filter; events that are sent later are not voided.")
    with transaction.atomic():
        lock_rollups()
        correction = Correction.objects.create(
            kind=CorrectionKind.VOID,
            filter=events.to_json(),
            reason=reason.strip(),
            bound=bound,
            matched=matched,
            created_at=at,
        )
        _take_step(correction, at)
        if correction.status == CorrectionStatus.DONE and not correction.voided:
            which = "The only event that matches is" if matched == 1 else f"All {matched:,} events that match are"
            raise NothingToVoid(f"{which} void already. Choose others, or leave it at that.")
        _run_later(correction)
    return correction


@transaction.atomic
def continue_correction(*, correction_id: int, at: datetime) -> Correction:
    """
    Do the next batch, of at most 10,000 events, of a correction that is being made or undone; of another, nothing.

    Two at once take turns, and one that was killed left nothing half done: safe to repeat.
    """
    correction = _locked(correction_id)
    if not correction.is_finished:
        _take_step(correction, at)
    return correction


def run_correction(*, correction_id: int, at: datetime) -> Correction:
    """Do some batches of a correction, each a transaction of its own; then queue the rest behind what waits."""
    for _ in range(_BATCHES_A_JOB):
        correction = continue_correction(correction_id=correction_id, at=at)
        if correction.is_finished:
            break
    _run_later(correction)
    return correction


def run_stalled_corrections(*, at: datetime) -> None:
    """Go on with corrections whose job was killed: those that made no batch for two minutes."""
    for correction in Correction.objects.stalled(at - _PATIENCE).order_by("pk"):
        run_correction(correction_id=correction.pk, at=at)


@transaction.atomic
def undo_correction(*, correction_id: int, reason: str, at: datetime) -> Correction:
    """
    Let the events that a correction voided count again, 10,000 at once and the others by a job; one that still runs
    stops. Of an amendment, the replacement counts no longer.

    :raises ReasonIsMissing: without a reason.
    :raises InvalidCorrectionMove: if it was undone already, or restored events.
    :raises AmendedLater: if the replacement is void by another correction, which has to be undone first.
    """
    check_reason(reason)
    correction = _locked(correction_id)
    if correction.kind == CorrectionKind.RESTORE:
        raise InvalidCorrectionMove("Events that were restored are not un-restored. Void them again instead.")
    _check_not_undone(correction)
    correction.move(CorrectionStatus.UNDOING)
    correction.undo_reason = reason.strip()
    if correction.kind == CorrectionKind.AMENDMENT:
        _check_replacement(correction)
    correction.save(update_fields=["status", "undo_reason"])
    _take_step(correction, at)
    _run_later(correction)
    return correction


def restore_event(*, source: str, event_id: str, reason: str, at: datetime) -> Correction:
    """
    Let one event count again that a correction voided; the others it voided stay void.

    :raises ReasonIsMissing: without a reason.
    :raises UnknownEvent: if it is not stored.
    :raises EventIsNotVoid: if it counts.
    :raises AmendedLater: if it was amended: then the amendment is to be undone.
    """
    check_reason(reason)
    chosen = EventFilter(events=((source, event_id),))
    chosen.check_known()
    return _restore_one(chosen, current_bound(), reason.strip(), at)


@transaction.atomic
def _restore_one(chosen: EventFilter, bound: int, reason: str, at: datetime) -> Correction:
    lock_rollups()
    event = chosen.matching(bound=bound).get()
    void = open_void(event)
    if void is None:
        raise EventIsNotVoid(f"The event {event} counts already. Choose one that is void.")
    former = Correction.objects.select_for_update(of=("self",)).get(batches=void.voided_batch_id)
    if former.kind == CorrectionKind.AMENDMENT:
        raise AmendedLater(f"The event {event} is void because of {former}. Undo that, or amend the event again.")
    correction = Correction.objects.create(
        kind=CorrectionKind.RESTORE,
        status=CorrectionStatus.DONE,
        filter=chosen.to_json(),
        reason=reason,
        bound=bound,
        matched=1,
        done=1,
        created_at=at,
        finished_at=at,
    )
    restore_now([void], start_batch(kind=BatchKind.RESTORE, at=at, correction=correction))
    return correction


def _check_not_undone(correction: Correction) -> None:
    if correction.status == CorrectionStatus.UNDONE:
        raise InvalidCorrectionMove(f"{correction} is undone already: there is nothing left to do.")
    if correction.status == CorrectionStatus.UNDOING:
        raise InvalidCorrectionMove(f"{correction} is being undone already: wait until that is done.")


# --- One batch -----------------------------------------------------------------------------------------------------


def _locked(correction_id: int) -> Correction:
    lock_rollups()
    return Correction.objects.select_for_update().get(pk=correction_id)


def _take_step(correction: Correction, at: datetime) -> None:
    if correction.status == CorrectionStatus.RUNNING:
        _void_next(correction, at)
    else:
        _restore_next(correction, at)


def _void_next(correction: Correction, at: datetime) -> None:
    events = _next_events(correction)
    if events:
        last = events[-1]
        correction.position_at, correction.position_key = last.time, last.key
        correction.done += len(events)
        if counting := _counting(events):
            void_now(counting, start_batch(kind=BatchKind.VOID, at=at, correction=correction))
        correction.voided += len(counting)
    if len(events) < MOST_EVENTS or correction.done == correction.matched:
        correction.move(CorrectionStatus.DONE)
        correction.finished_at = at
    correction.save()


def _next_events(correction: Correction) -> list[Event]:
    found = EventFilter.from_json(correction.filter).matching(bound=correction.bound)
    if correction.position_at is not None:
        later = Q(time__gt=correction.position_at) | Q(time=correction.position_at, key__gt=correction.position_key)
        found = found.filter(later, time__gte=correction.position_at)
    return list(found.order_by("time", "key").only("time", "key")[:MOST_EVENTS])


def _counting(events: Sequence[Event]) -> list[Event]:
    """Return the events that are not void: those that are stay with their earlier void."""
    voids = EventVoid.objects.known_at(None).filter(event_key__in=[event.key for event in events])
    void = set(voids.values_list("event_key", flat=True))
    return [event for event in events if event.key not in void]


def _restore_next(correction: Correction, at: datetime) -> None:
    made = EventVoid.objects.known_at(None).made_by(correction)
    voids = list(made.order_by("voided_batch_id", "event_key")[:MOST_EVENTS])
    batch = start_batch(kind=BatchKind.RESTORE, at=at, correction=correction)
    restore_now(voids, batch)
    correction.refresh_from_db(fields=["restored"])
    if correction.kind == CorrectionKind.AMENDMENT:
        void_now([replacement_of(correction)], batch)
    if len(voids) < MOST_EVENTS:
        correction.move(CorrectionStatus.UNDONE)
        correction.undone_at = at
    correction.save()


def _run_later(correction: Correction) -> None:
    if not correction.is_finished:
        async_task("metering.tasks.run_correction", correction_id=correction.pk)


# --- Amendments ----------------------------------------------------------------------------------------------------


def replacement_of(correction: Correction) -> Event:
    """Return the event that an amendment stored."""
    return Event.objects.get(batch__correction=correction)


def _check_replacement(correction: Correction) -> None:
    replacement = replacement_of(correction)
    void = open_void(replacement)
    if void is not None:
        later = void.voided_batch.correction
        raise AmendedLater(f"The replacement {replacement} is void by now. Undo {later} first, then this one.")
