"""Answers that were given once, so that a repeated request changes nothing."""

from django.db import models

from metering.models.api_key import ApiKey


class IdempotencyKey(models.Model):
    """The first row in the transaction of a creating request; a second one with the same key waits for it here."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, related_name="+")
    key = models.CharField(max_length=255)
    request_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    has_secret = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["api_key", "key"], name="one_answer_per_idempotency_key", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.key
