"""What was wrong with written events: voids, and the corrections that made them. Events themselves stay as they are."""

from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from metering.errors import DomainError
from metering.models.base import UlidField, tracked
from metering.models.event import Batch, BatchKind


class InvalidCorrectionMove(DomainError):
    status = 409
    code = "invalid_move"


class CorrectionKind(models.TextChoices):
    VOID = "void", "Void"
    AMENDMENT = "amendment", "Amendment"
    RESTORE = "restore", "Restore"


class CorrectionStatus(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"


CORRECTION_MOVES: dict[CorrectionStatus, set[CorrectionStatus]] = {
    # One that was asked for by mistake is undone at once, however far it is.
    CorrectionStatus.RUNNING: {CorrectionStatus.DONE, CorrectionStatus.UNDOING},
    CorrectionStatus.DONE: {CorrectionStatus.UNDOING},
    CorrectionStatus.UNDOING: {CorrectionStatus.UNDONE},
    CorrectionStatus.UNDONE: set(),
}


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def unfinished(self) -> "CorrectionQuerySet":
        """Corrections that are being made or undone."""
        return self.filter(status__in=[CorrectionStatus.RUNNING, CorrectionStatus.UNDOING])

    def stalled(self, since: datetime) -> "CorrectionQuerySet":
        """Unfinished corrections without a batch since some time: their job was killed, or waits for a worker."""
        moving = Batch.objects.filter(correction=OuterRef("pk"), received_at__gt=since)
        return self.unfinished().exclude(Exists(moving))


@tracked(exclude=["done", "voided", "restored", "position_at", "position_key"])
class Correction(models.Model):
    """
    One request to void, restore or amend events: which ones, why, and how far it is.

    Only events in batches up to `bound` are meant, so that one that is resumed touches the same events. It is carried
    out in batches of at most 10,000 events, each of which names it. It goes through the `matched` events by time and
    key, and has seen those up to its position: `done` events, of which it voided `voided`, as the others were void
    before. `restored` of these count again.
    """

    ulid = UlidField()
    kind = models.CharField(max_length=10, choices=CorrectionKind.choices)
    status = models.CharField(max_length=8, choices=CorrectionStatus.choices, default=CorrectionStatus.RUNNING)
    filter = models.JSONField(default=dict, blank=True)
    reason = models.TextField()
    bound = models.BigIntegerField()
    matched = models.BigIntegerField()
    done = models.BigIntegerField(default=0)
    voided = models.BigIntegerField(default=0)
    restored = models.BigIntegerField(default=0)
    position_at = models.DateTimeField(null=True, editable=False)
    position_key = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    undo_reason = models.TextField(blank=True)
    undone_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=CorrectionKind.values), name="correction_kind_is_known"),
            models.CheckConstraint(condition=Q(status__in=CorrectionStatus.values), name="correction_status_is_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="correction_has_a_reason"),
            models.CheckConstraint(condition=Q(done__lte=F("matched")), name="correction_does_what_it_matched"),
            models.CheckConstraint(condition=Q(voided__lte=F("done")), name="correction_voids_what_it_has_seen"),
            models.CheckConstraint(condition=Q(restored__lte=F("voided")), name="correction_restores_what_it_voided"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.ulid}"

    @property
    def is_finished(self) -> bool:
        return self.status in (CorrectionStatus.DONE, CorrectionStatus.UNDONE)

    @property
    def progress(self) -> float:
        """How much of what is being made or undone is done, from 0 to 1."""
        if self.status in (CorrectionStatus.UNDOING, CorrectionStatus.UNDONE):
            return self.restored / self.voided if self.voided else 1.0
        return self.done / self.matched if self.matched else 1.0

    def move(self, to: CorrectionStatus) -> None:
        """
        Take one step of `CORRECTION_MOVES`; the caller holds the row and saves it.

        :raises InvalidCorrectionMove: if the status does not allow the step.
        """
        if to not in CORRECTION_MOVES[CorrectionStatus(self.status)]:
            now, then = self.get_status_display().lower(), to.label.lower()
            raise InvalidCorrectionMove(f"Choose another correction: {self} is {now}, so it cannot become {then}.")
        self.status = to


class EventVoidQuerySet(models.QuerySet["EventVoid"]):
    def known_at(self, bound: int | None) -> "EventVoidQuerySet":
        """Voids as they stood when batch `bound` was the last one; None is now."""
        if bound is None:
            return self.filter(restored_batch=None)
        made = self.filter(voided_batch_id__lte=bound)
        return made.filter(Q(restored_batch=None) | Q(restored_batch_id__gt=bound))

    def made_by(self, correction: Correction) -> "EventVoidQuerySet":
        """What a correction voided; undoing an amendment voids its replacement, which is no part of it."""
        return self.filter(
            voided_batch__correction=correction, voided_batch__kind__in=[BatchKind.VOID, BatchKind.AMENDMENT]
        )


class EventVoid(models.Model):
    """
    Says that an event does not count, from the batch that voided it to the one that restored it.

    An event has no foreign key here: its constraint would be checked whenever events are copied or restored in bulk.
    """

    event_key = models.UUIDField()
    voided_batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="voids")
    restored_batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, related_name="restored_voids", null=True, blank=True
    )

    objects = EventVoidQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event_key"], condition=Q(restored_batch=None), name="one_open_void_per_event"
            ),
            models.UniqueConstraint(fields=["event_key", "voided_batch"], name="one_void_per_event_and_batch"),
            models.CheckConstraint(
                condition=Q(restored_batch=None) | Q(restored_batch__gt=F("voided_batch")),
                name="event_is_restored_after_it_was_voided",
            ),
        ]

    def __str__(self) -> str:
        return f"Void of {self.event_key}"
