"""Subjects as the API takes and shows them, in OpenMeter's shapes."""

from typing import Any

from rest_framework import serializers

from metering.models import Subject
from metering.serializers.fields import InstantField, JsonObjectField, TextField, present

_FIELDS = {
    "key": "key",
    "displayName": "display_name",
    "metadata": "metadata",
    "currentPeriodStart": "current_period_start",
    "currentPeriodEnd": "current_period_end",
    "stripeCustomerId": "stripe_customer_id",
}
_EMPTY: dict[str, Any] = {"displayName": "", "metadata": {}, "stripeCustomerId": ""}


class SubjectInput(serializers.Serializer[Any]):
    """What is not sent stays as it is; null clears."""

    key = TextField()
    displayName = TextField(required=False, allow_null=True, allow_blank=True)
    metadata = JsonObjectField(required=False, allow_null=True)
    currentPeriodStart = InstantField(required=False, allow_null=True)
    currentPeriodEnd = InstantField(required=False, allow_null=True)
    stripeCustomerId = TextField(required=False, allow_null=True)

    def validate_stripeCustomerId(self, text: str | None) -> str | None:
        if text is not None and not text.startswith("cus_"):
            raise serializers.ValidationError("Send the id of a customer in Stripe: it starts with cus_.")
        return text

    def record(self) -> dict[str, Any]:
        """Return what was sent in the words of `upsert_subjects`."""
        return {
            _FIELDS[name]: _EMPTY.get(name) if value is None else value for name, value in self.validated_data.items()
        }


def subject_output(subject: Subject) -> dict[str, Any]:
    """Return a subject as the API shows it."""
    return present(
        {
            "id": subject.ulid,
            "key": subject.key,
            "displayName": subject.display_name,
            "metadata": subject.metadata,
            "currentPeriodStart": subject.current_period_start,
            "currentPeriodEnd": subject.current_period_end,
            "stripeCustomerId": subject.stripe_customer_id,
            "createdAt": subject.created_at,
            "updatedAt": subject.updated_at,
            "deletedAt": subject.deleted_at,
        }
    )
