"""How far long work is, for those who wait for it."""

from datetime import datetime, timedelta

from django.db import models

from metering.models.base import UlidField

_PROGRESS_IS_KEPT_FOR = timedelta(minutes=5)


class QueryProgressQuerySet(models.QuerySet["QueryProgress"]):
    def fresh(self, at: datetime) -> "QueryProgressQuerySet":
        """Queries that went on within the last five minutes; nobody is told of others."""
        return self.filter(updated_at__gt=at - _PROGRESS_IS_KEPT_FOR)

    def outdated(self, at: datetime) -> "QueryProgressQuerySet":
        """Queries that nobody is told of any more."""
        return self.filter(updated_at__lte=at - _PROGRESS_IS_KEPT_FOR)


class QueryProgress(models.Model):
    """How far the usage query is that a client named."""

    client_id = models.TextField()
    client_hash = models.UUIDField(unique=True)
    total = models.PositiveIntegerField()
    success = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField()

    objects = QueryProgressQuerySet.as_manager()

    def __str__(self) -> str:
        return self.client_id


class EventImport(models.Model):
    """
    A file of events on its way in. `position` is the byte up to which its rows are stored or set apart.

    The hash is that of the file's content and of how its columns were read, so the same file goes on where it stopped.
    Rows that are no events are set apart in a file beside it, which is complete up to byte `rejected_position`.

    The ids of rows begin with `identity`, the content's hash, or that of an earlier import which this one continues; it
    is empty where a column holds ids. `first_rows` holds hashes of the first rows, 8 bytes each. `unclear_times` counts
    local times that the zone skips or has twice.
    """

    ulid = UlidField()
    hash = models.BinaryField(max_length=32, unique=True, editable=False)
    content_hash = models.TextField(blank=True, editable=False)
    identity = models.TextField(blank=True, editable=False)
    first_rows = models.BinaryField(default=bytes, editable=False)
    name = models.TextField()
    columns = models.JSONField(default=list)
    size = models.BigIntegerField()
    position = models.BigIntegerField(default=0)
    line = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    duplicate = models.BigIntegerField(default=0)
    conflict = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    unclear_times = models.BigIntegerField(default=0)
    rejected_position = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return self.name

    def hash_is(self, wanted: bytes) -> bool:
        """Whether this is the import of a content and a way to read it that has this hash."""
        return bytes(self.hash) == wanted


class SubjectSearch(models.Model):
    """How far the search for subjects that are no customer's is: to the end of batch `batch_id`. One row."""

    name = models.CharField(max_length=16, unique=True, default="subjects", editable=False)
    batch_id = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "subject searches"

    def __str__(self) -> str:
        return f"Subjects of events up to batch {self.batch_id}"
