"""Who is billed, and which usage is theirs."""

import zoneinfo
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Greatest
from djmoney.models.fields import CurrencyField

from metering.identity import text_hash
from metering.models.base import DecimalJSONDecoder, DecimalJSONEncoder, UlidField, tracked


class TstzRange(Func):
    """A half-open range of instants; a null end is open."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


def same(field: str) -> tuple[Func, str]:
    """Pair equal ids in an exclusion constraint with ranges alone, as the server has no btree_gist."""
    return Func(F(field), F(field), Value("[]"), function="int8range"), RangeOperators.OVERLAPS


@tracked()
class TestClock(models.Model):
    """A clock that an operator moves by hand, for customers that try out billing."""

    __test__ = False

    ulid = UlidField()
    name = models.CharField(max_length=200)
    now_at = models.DateTimeField("now")
    created_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return f"{self.name} at {self.now_at:%Y-%m-%d %H:%M}"


class CustomerQuerySet(models.QuerySet["Customer"]):
    def live(self) -> "CustomerQuerySet":
        """Customers that were not deleted."""
        return self.filter(deleted_at=None)

    def by_id_or_key(self, text: str) -> "CustomerQuerySet":
        """The customer that a path names, by public id or by key."""
        return self.filter(Q(ulid=text) | Q(key=text))


@tracked()
class Customer(models.Model):
    ulid = UlidField()
    key = models.CharField(max_length=256, null=True, blank=True, help_text="Your own id of this customer.")
    name = models.CharField(max_length=256)
    description = models.TextField(blank=True)
    primary_email = models.EmailField(blank=True, help_text="Gets invoices, and may sign in to the portal.")
    currency = CurrencyField(default=None, null=True, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="IANA name, such as Europe/Paris.")
    billing_address = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    # As they were sent: the links say which subjects are theirs, this only in which order they were named.
    subject_keys = ArrayField(models.TextField(), default=list, blank=True)
    test_clock = models.ForeignKey(TestClock, on_delete=models.PROTECT, null=True, blank=True, related_name="customers")
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(deleted_at=None),
                name="one_live_customer_per_key",
                violation_error_message="Another customer has this key already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.key or self.ulid})"

    def named_subjects(self, current: Iterable[str]) -> list[str]:
        """
        Return the subjects that are theirs now, as they were named and in that order, then those they got since.

        The key is theirs too, but among these only if it was named.
        """
        linked = dict.fromkeys(current)
        named = [key for key in self.subject_keys if key in linked]
        return [*named, *(key for key in linked if key != self.key and key not in named)]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone in which this customer's days and billing periods start."""
        return zoneinfo.ZoneInfo(self.time_zone or settings.SELLER_TIME_ZONE)


@tracked()
class Member(models.Model):
    """A person who may open a customer's portal."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "user"], name="one_membership_per_customer_and_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} of {self.customer}"


class SubjectQuerySet(models.QuerySet["Subject"]):
    def live(self) -> "SubjectQuerySet":
        """Subjects that were not deleted."""
        return self.filter(deleted_at=None)

    def by_id_or_key(self, text: str) -> "SubjectQuerySet":
        """The subjects that a path names: by public id first, else by key."""
        named = self.filter(Q(ulid=text) | Q(key_hash=text_hash(text)))
        return named.order_by(Case(When(ulid=text, then=0), default=1))


@tracked()
class Subject(models.Model):
    """
    What events name as their subject: any string, found by its hash, as a B-tree breaks on text of any length.

    A deleted one keeps its row, which links refer to; it comes back when its key is used again.
    """

    ulid = UlidField()
    key = models.TextField()
    key_hash = models.UUIDField(unique=True, editable=False)
    display_name = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True, encoder=DecimalJSONEncoder, decoder=DecimalJSONDecoder)
    current_period_start = models.DateTimeField(null=True, blank=True)
    current_period_end = models.DateTimeField(null=True, blank=True)
    stripe_customer_id = models.TextField(blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SubjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(current_period_start=None)
                | Q(current_period_end=None)
                | Q(current_period_start__lt=F("current_period_end")),
                name="subject_period_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class SubjectLinkQuerySet(models.QuerySet["SubjectLink"]):
    def known_at(self, bound: int | None) -> "SubjectLinkQuerySet":
        """Links as they stood when batch `bound` was the last one; None is now."""
        if bound is None:
            return self.filter(ended_batch=None)
        made = self.filter(made_batch_id__lte=bound)
        return made.filter(Q(ended_batch=None) | Q(ended_batch_id__gt=bound))

    def reaching_past(self, at: datetime) -> "SubjectLinkQuerySet":
        """Links of events after a time, those that begin later too."""
        return self.filter(Q(to_at=None) | Q(to_at__gt=at))

    def in_force(self, at: datetime) -> "SubjectLinkQuerySet":
        """Links of events at a time, or at that of the customer's test clock where it is ahead."""
        now = Greatest(Value(at), "customer__test_clock__now_at")
        return self.filter(Q(from_at=None) | Q(from_at__lte=now), Q(to_at=None) | Q(to_at__gt=now))


@tracked()
class SubjectLink(models.Model):
    """Says that events of a subject belong to a customer, from and to in event time; rows are ended, never changed."""

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="links")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subject_links")
    from_at = models.DateTimeField(null=True, blank=True, help_text="Empty: since ever.")
    to_at = models.DateTimeField(null=True, blank=True, help_text="Empty: for ever.")
    made_batch = models.ForeignKey("Batch", on_delete=models.PROTECT, related_name="links_made")
    ended_batch = models.ForeignKey(
        "Batch", on_delete=models.PROTECT, related_name="links_ended", null=True, blank=True
    )
    created_at = models.DateTimeField(editable=False)

    objects = SubjectLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_customer_per_subject_at_a_time",
                expressions=[same("subject"), (TstzRange("from_at", "to_at"), RangeOperators.OVERLAPS)],
                condition=Q(ended_batch=None),
                violation_error_message="This subject belongs to another customer at that time.",
            ),
            models.CheckConstraint(
                condition=Q(from_at=None) | Q(to_at=None) | Q(from_at__lt=F("to_at")),
                name="subject_link_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} of {self.customer}"
