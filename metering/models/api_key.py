"""Keys of services that call the API."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models

from metering.models.base import UlidField, tracked


class Scope(models.TextChoices):
    INGEST = "ingest", "Post events"
    READ = "read", "Read everything"
    WRITE = "write", "Change customers, meters, plans, subscriptions"
    ADMIN = "admin", "Everything"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, at: datetime) -> "ApiKeyQuerySet":
        """Keys that are neither revoked nor expired."""
        return self.filter(revoked_at=None).exclude(expires_at__lte=at)


@tracked(exclude=["secret_hash", "last_used_at"])
class ApiKey(models.Model):
    """A secret of 32 random bytes, kept only as its SHA-256; the prefix tells people which one it is."""

    ulid = UlidField()
    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=16, editable=False)
    secret_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    created_at = models.DateTimeField(editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(condition=models.Q(scopes__len__gt=0), name="api_key_has_a_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def allows(self, scope: str) -> bool:
        """Whether the key holds a scope; `admin` holds them all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes
