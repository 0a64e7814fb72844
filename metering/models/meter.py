"""What is measured: meters, their versions, and the buckets they fill."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from metering.jsonpath import parse_path
from metering.models.base import NumericField, UlidField, tracked


class Aggregation(models.TextChoices):
    SUM = "SUM", "Sum"
    COUNT = "COUNT", "Count"
    AVG = "AVG", "Average"
    MIN = "MIN", "Minimum"
    MAX = "MAX", "Maximum"
    LATEST = "LATEST", "Latest"
    UNIQUE_COUNT = "UNIQUE_COUNT", "Unique count"

    @property
    def is_additive(self) -> bool:
        """Whether the usage of a whole is the sum of the usage of its parts, such as days or subjects."""
        return self in (Aggregation.SUM, Aggregation.COUNT)


class MeterQuerySet(models.QuerySet["Meter"]):
    def live(self) -> "MeterQuerySet":
        """Meters that were not deleted."""
        return self.filter(deleted_at=None)

    def by_id_or_slug(self, text: str) -> "MeterQuerySet":
        """The meter that a path names, by public id or by slug."""
        return self.filter(Q(ulid=text) | Q(slug=text))


@tracked()
class Meter(models.Model):
    ulid = UlidField()
    slug = models.CharField(max_length=64)
    name = models.CharField(max_length=256)
    description = models.TextField(blank=True)
    event_type = models.TextField()
    aggregation = models.CharField(max_length=12, choices=Aggregation.choices)
    value_property = models.CharField(
        max_length=256, blank=True, help_text="Where the number is in the event's data, such as $.tokens."
    )
    event_from = models.DateTimeField(null=True, blank=True, help_text="Events before this time do not count.")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MeterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["slug"],
                condition=Q(deleted_at=None),
                name="one_live_meter_per_slug",
                violation_error_message="Another meter has this slug already.",
            ),
            models.CheckConstraint(condition=Q(aggregation__in=Aggregation.values), name="meter_aggregation_is_known"),
            models.CheckConstraint(
                condition=Q(aggregation=Aggregation.COUNT, value_property="")
                | (~Q(aggregation=Aggregation.COUNT) & ~Q(value_property="")),
                name="meter_has_a_value_property_unless_it_counts",
                violation_error_message="Name the value property, such as $.tokens; a COUNT meter has none.",
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def value_path(self) -> tuple[str, ...]:
        """The keys that lead to the value in an event's data; none where events are counted."""
        return parse_path(self.value_property) if self.value_property else ()

    @property
    def current_version(self) -> "MeterVersion":
        """The version that queries and new rate cards use; one query."""
        return self.versions.latest("number")


@tracked(exclude=["backfilled_batch", "backfilled_at"])
class MeterVersion(models.Model):
    """
    The part of a meter that buckets depend on. Roll-up fills it from batches after `floor_batch`, back-fill up to it.

    Back-fill goes by batches; those up to `backfilled_batch` are in. Until `backfilled_at` is set, usage is read from
    raw events alone.
    """

    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    group_by = models.JSONField(default=dict, blank=True, help_text='Name to path, such as {"model": "$.model"}.')
    floor_batch = models.BigIntegerField()
    backfilled_batch = models.BigIntegerField(default=0)
    backfilled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meter", "number"], name="one_meter_version_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.meter} v{self.number}"

    @property
    def group_keys(self) -> list[str]:
        """The group-by names in the order in which series store their values."""
        return sorted(self.group_by)

    @property
    def group_paths(self) -> tuple[tuple[str, ...], ...]:
        """The keys that lead to each group's text in an event's data, in that order too."""
        return tuple(parse_path(self.group_by[key]) for key in self.group_keys)


class Series(models.Model):
    """One line of usage: meter version, subject and group values, unique by the hash of their canonical form."""

    hash = models.UUIDField(unique=True)
    meter_version = models.ForeignKey(MeterVersion, on_delete=models.PROTECT, related_name="series")
    subject = models.TextField()
    subject_hash = models.UUIDField()
    group_values = ArrayField(models.TextField())

    class Meta:
        verbose_name_plural = "series"
        indexes = [models.Index(fields=["meter_version", "subject_hash"], name="series_of_a_subject")]

    def __str__(self) -> str:
        return f"{self.subject} {' '.join(self.group_values)}"


class AnyBucket(models.Model):
    """
    What one series did in some stretch of time (UTC), and the highest batch it holds: written, voided or restored.

    `events` counts those that are not void, `values` those of them whose value is good; `first_at` and `last_at` are
    theirs, empty where all are void. `sum`, `min`, `max` and the latest value are kept where the meter asks for them.
    """

    start_at = models.DateTimeField()
    events = models.BigIntegerField()
    values = models.BigIntegerField()
    sum = NumericField(default=0, db_default=0)
    min = NumericField(null=True)
    max = NumericField(null=True)
    latest = NumericField(null=True)
    latest_at = models.DateTimeField(null=True)
    latest_source = models.TextField(null=True, db_collation="C")
    latest_id = models.TextField(null=True, db_collation="C")
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    max_batch = models.BigIntegerField()
    is_stale = models.BooleanField(default=False, db_default=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.series} {self.start_at:%Y-%m-%d %H:%M}"  # type: ignore[attr-defined]


class Bucket(AnyBucket):
    """A quarter hour. A stale one waits to be built anew from its events, which are read instead until then."""

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="buckets", db_index=False)

    class Meta:
        constraints = [
            # With what sums are made of, so that a subject's days are read from a few pages of the index: its buckets
            # lie in the order in which they came, each in another page.
            models.UniqueConstraint(
                fields=["series", "start_at"],
                include=["events", "values", "sum", "first_at", "last_at"],
                name="one_bucket_per_quarter_hour",
            )
        ]
        indexes = [models.Index(fields=["start_at"], condition=Q(is_stale=True), name="bucket_stale")]


class DayBucket(AnyBucket):
    """
    A day: its quarter hours together, so that a month of a series is thirty rows and not three thousand.

    A stale one has quarter hours that are stale, and its quarter hours are read instead until they are built anew.
    """

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="days", db_index=False)

    class Meta:
        # Nothing that changes is in the index, so that an update, of which a day has many, touches no index.
        constraints = [models.UniqueConstraint(fields=["series", "start_at"], name="one_bucket_per_day")]


class AnyValue(models.Model):
    """One of the different values in a bucket of a UNIQUE_COUNT meter, by the hash of its text."""

    hash = models.UUIDField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.hash)


class BucketValue(AnyValue):
    bucket = models.ForeignKey(Bucket, on_delete=models.CASCADE, related_name="distinct_values", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bucket", "hash"], name="one_row_per_value_of_a_bucket")]


class DayValue(AnyValue):
    bucket = models.ForeignKey(DayBucket, on_delete=models.CASCADE, related_name="distinct_values", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bucket", "hash"], name="one_row_per_value_of_a_day")]
