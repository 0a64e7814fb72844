"""What plans and add-ons share: versions under one key, published once, read-only from then on."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self, TypeVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from djmoney.models.fields import CurrencyField

from metering.models import UlidField

_V = TypeVar("_V", bound="Versioned")


class VersionStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"


class VersionQuerySet(models.QuerySet[_V]):
    def active(self, at: datetime) -> Self:
        """Versions that are on sale at a time."""
        begun = self.filter(effective_from__lte=at, deleted_at=None)
        return begun.filter(Q(effective_to=None) | Q(effective_to__gt=at))

    def in_force(self) -> Self:
        """The version of each key that was published last, unless it was archived; the clock of no customer counts."""
        return self.filter(effective_from__isnull=False, effective_to=None, deleted_at=None)

    def with_status(self, statuses: Iterable[str], at: datetime) -> Self:
        """Versions that have one of these statuses at a time."""
        begun, ended = Q(effective_from__lte=at), Q(effective_to__lte=at)
        conditions = {
            VersionStatus.DRAFT: Q(effective_from=None),
            VersionStatus.SCHEDULED: Q(effective_from__gt=at),
            VersionStatus.ACTIVE: begun & (Q(effective_to=None) | Q(effective_to__gt=at)),
            VersionStatus.ARCHIVED: begun & ended,
        }
        wanted = Q()
        for status in statuses:
            wanted |= conditions[VersionStatus(status)]
        return self.filter(wanted)


class Versioned(models.Model):
    """A version of something on sale; its status follows from when it takes effect."""

    ulid = UlidField()
    key = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=256)
    description = models.TextField(max_length=1024, blank=True)
    currency = CurrencyField(default="USD")
    metadata = models.JSONField(default=dict, blank=True)
    effective_from = models.DateTimeField(null=True, blank=True, editable=False)
    effective_to = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"

    def status(self, at: datetime) -> VersionStatus:
        """Derive the status at a time from when the version takes effect."""
        if self.effective_from is None:
            return VersionStatus.DRAFT
        if self.effective_from > at:
            return VersionStatus.SCHEDULED
        if self.effective_to is not None and self.effective_to <= at:
            return VersionStatus.ARCHIVED
        return VersionStatus.ACTIVE


def version_constraints(what: str) -> list[models.BaseConstraint]:
    """Return the constraints of a versioned model; `what` is its name in them."""
    return [
        models.UniqueConstraint(fields=["key", "version"], name=f"one_{what}_per_key_and_version"),
        models.UniqueConstraint(
            fields=["key"],
            condition=Q(effective_from=None, deleted_at=None),
            name=f"one_draft_per_{what}_key",
            violation_error_message="There is a draft of it already. Edit or publish that one.",
        ),
        models.UniqueConstraint(
            fields=["key"],
            condition=Q(effective_from__isnull=False, effective_to=None, deleted_at=None),
            name=f"one_{what}_in_force_per_key",
        ),
        models.CheckConstraint(
            condition=Q(effective_to=None) | Q(effective_from__lt=F("effective_to")),
            name=f"{what}_ends_after_it_starts",
        ),
    ]


def keeps_its_terms(what: str, columns: Iterable[str]) -> pgtrigger.Trigger:
    """Return the trigger that keeps these columns of a published version, and the row, as they are."""
    columns = ("key", "version", "currency", "effective_from", *columns)
    return pgtrigger.Trigger(
        name=f"published_{what}_keeps_its_terms",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        condition=pgtrigger.Q(old__effective_from__isnull=False),
        func=f"""
            IF TG_OP = 'DELETE'
                OR ({", ".join(f"NEW.{column}" for column in columns)})
                    IS DISTINCT FROM ({", ".join(f"OLD.{column}" for column in columns)})
            THEN
                {_refusal(what)}
            END IF;
            RETURN COALESCE(NEW, OLD);
        """,
    )


def frozen_once_published(name: str, what: str, ids: str) -> pgtrigger.Trigger:
    """Return the trigger that refuses any change of a row whose plan or add-on (`ids`, in SQL) is published."""
    # The owners are locked before they are looked at, so that one that is being published right now counts as well.
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF EXISTS (
                SELECT 1 FROM (SELECT effective_from FROM pricing_{what} WHERE id IN ({ids}) FOR SHARE) AS owners
                WHERE effective_from IS NOT NULL
            ) THEN
                {_refusal(what)}
            END IF;
            RETURN COALESCE(NEW, OLD);
        """,  # noqa: S608 (every caller is a model)
    )


def _refusal(what: str) -> str:
    return f"RAISE EXCEPTION 'A published {what} cannot change: make a new version of it.';"
