"""Portal tokens as the API takes and shows them, in OpenMeter's shapes."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from metering.models import PortalToken
from metering.serializers.fields import InstantField, TextField, present


class PortalTokenInput(serializers.Serializer[Any]):
    subject = TextField()
    allowedMeterSlugs = serializers.ListField(child=TextField(), required=False, allow_null=True, default=None)
    expiresAt = InstantField(required=False, allow_null=True, default=None)


class PortalTokenListInput(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=100, default=25)


class PortalTokenInvalidationInput(serializers.Serializer[Any]):
    """One token by its id, or all of a subject."""

    id = TextField(required=False, allow_null=True, default=None)
    subject = TextField(required=False, allow_null=True, default=None)


def portal_token_output(token: PortalToken, *, at: datetime, secret: str | None = None) -> dict[str, Any]:
    """Return a token as the API shows it; its secret only where it was just made."""
    return present(
        {
            "id": token.ulid,
            "subject": token.subject,
            "expiresAt": token.expires_at,
            "expired": token.expires_at <= at,
            "createdAt": token.created_at,
            "token": secret,
            "allowedMeterSlugs": token.allowed_meters,
        }
    )
