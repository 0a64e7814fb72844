"""What happened: events in the words of CloudEvents, and the batches that wrote them."""

from collections.abc import Collection
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Func, Q, Value

from metering.models.api_key import ApiKey
from metering.models.base import DecimalJSONDecoder


class BatchKind(models.TextChoices):
    EVENTS = "events", "Events"
    LINK = "link", "Subject link"
    VOID = "void", "Events voided"
    RESTORE = "restore", "Events restored"
    AMENDMENT = "amendment", "Event amended"


class BatchQuerySet(models.QuerySet["Batch"]):
    def pending(self) -> "BatchQuerySet":
        """Batches whose events are not in the buckets yet."""
        return self.filter(is_rolled_up=False)


class Batch(models.Model):
    """One transaction that changed what usage is. Its id is the watermark that billing bounds refer to."""

    kind = models.CharField(max_length=10, choices=BatchKind.choices, default=BatchKind.EVENTS)
    received_at = models.DateTimeField()
    accepted = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    conflict = models.PositiveIntegerField(default=0)
    first_event_at = models.DateTimeField(
        null=True, blank=True, help_text="The earliest time of its events: what came late is looked for by it."
    )
    is_rolled_up = models.BooleanField(default=False)
    correction = models.ForeignKey(
        "Correction", on_delete=models.PROTECT, null=True, blank=True, related_name="batches"
    )
    reason = models.TextField(blank=True, default="", db_default="")

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=BatchKind.values), name="batch_kind_is_known"),
        ]
        indexes = [
            # Roll-up and the tail of every usage query look for these few.
            models.Index(fields=["id"], condition=Q(is_rolled_up=False), name="batch_pending"),
            # Lists of events by when they came start from the batches of that time.
            models.Index(fields=["received_at"], name="batch_received"),
        ]

    def __str__(self) -> str:
        return f"Batch {self.pk}"


class SubjectHash(Func):
    """The 8 bytes by which events of a subject are found; subjects themselves are too long for an index."""

    template = "hashtextextended(%(expressions)s, 0)"
    output_field = models.BigIntegerField()


class EventQuerySet(models.QuerySet["Event"]):
    def of_subjects(self, keys: Collection[str]) -> "EventQuerySet":
        """The events of these subjects, found by index."""
        hashes: list[Any] = [SubjectHash(Value(key)) for key in keys]
        return self.alias(subject_hash=SubjectHash("subject")).filter(subject_hash__in=hashes, subject__in=keys)


class Event(models.Model):
    """
    One event, kept for ever. Its key is 16 bytes of blake2b over source and id, which makes it count once.

    Batch and API key have no foreign-key constraint: its trigger would run for each event; `audit` checks them.
    """

    key = models.UUIDField(primary_key=True, editable=False)
    # The order of "C", because the latest of several events at one instant is found by source, then id.
    source = models.TextField(db_collation="C")
    event_id = models.TextField("id", db_collation="C")
    type = models.TextField()
    subject = models.TextField()
    time = models.DateTimeField()
    time_was_sent = models.BooleanField()
    data = models.JSONField(null=True, decoder=DecimalJSONDecoder)
    batch = models.ForeignKey(
        Batch, on_delete=models.DO_NOTHING, related_name="events", db_constraint=False, db_index=False
    )
    api_key = models.ForeignKey(
        ApiKey, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            # Not BRIN: its newest pages are read whole until a vacuum summarises them, and those are what is asked for.
            models.Index(fields=["batch"], name="event_batch"),
            models.Index(fields=["time"], name="event_time"),
            # What one subject did, at a cost that does not grow with what the others do.
            models.Index(SubjectHash("subject"), F("time"), name="event_subject_time"),
        ]
        triggers = [
            pgtrigger.Protect(name="event_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"
