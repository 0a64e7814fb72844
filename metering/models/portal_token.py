"""Tokens with which a browser reads the usage of one subject."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import Q

from metering.models.base import UlidField, tracked


class PortalTokenQuerySet(models.QuerySet["PortalToken"]):
    def usable(self, at: datetime) -> "PortalTokenQuerySet":
        """Tokens that are neither invalidated nor expired."""
        return self.filter(invalidated_at=None, expires_at__gt=at)


@tracked(exclude=["secret_hash"])
class PortalToken(models.Model):
    """A secret of 32 random bytes, kept only as its SHA-256; without meters it reads all of them."""

    ulid = UlidField()
    subject = models.TextField()
    secret_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    allowed_meters = ArrayField(models.CharField(max_length=64), null=True, blank=True)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField()
    invalidated_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = PortalTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(allowed_meters=None) | Q(allowed_meters__len__gt=0),
                name="portal_token_allows_all_meters_or_some",
            ),
        ]
        # Not a B-tree, which cannot hold a subject of any length.
        indexes = [HashIndex(fields=["subject"], name="portal_token_subject")]

    def __str__(self) -> str:
        return f"Portal token {self.ulid}"
