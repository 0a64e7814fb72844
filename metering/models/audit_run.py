"""What an audit found."""

from django.db import models

from metering.models.base import UlidField


class AuditRun(models.Model):
    """
    One audit of every invariant on the live data: what each check counted, who offends.

    `checks` are [invariant, title, findings] in the order they ran; `findings` are [invariant, sentence], the first
    thousand of them; `error` says why it could not be finished.
    """

    ulid = UlidField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    checks = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    finding_count = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"Audit of {self.started_at:%Y-%m-%d %H:%M}"
