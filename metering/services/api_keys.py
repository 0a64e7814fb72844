"""Make and revoke the keys that services call the API with."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from metering.errors import DomainError
from metering.models import ApiKey, Scope

_PREFIX_LENGTH = 12


class UnknownScope(DomainError):
    code = "unknown_scope"


def hash_secret(secret: str) -> bytes:
    """Return what is stored of a secret. Plain SHA-256 will do, since the secret holds 32 random bytes."""
    return hashlib.sha256(secret.encode()).digest()


@transaction.atomic
def create_api_key(
    *, name: str, scopes: Sequence[str], at: datetime, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """
    Make a key and return it with its secret, which is shown this once and stored only as a hash.

    :raises UnknownScope: if there is no scope, or one that does not exist.
    """
    unknown = sorted(set(scopes) - set(Scope.values))
    if unknown or not scopes:
        raise UnknownScope(f"Give one or more of the scopes {', '.join(Scope.values)}.")
    secret = "bil_" + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        name=name,
        prefix=secret[:_PREFIX_LENGTH],
        secret_hash=hash_secret(secret),
        scopes=sorted(set(scopes)),
        created_at=at,
        expires_at=expires_at,
    )
    return key, secret


@transaction.atomic
def revoke_api_key(*, api_key_id: int, at: datetime) -> ApiKey:
    """Make a key useless from now on; a second call changes nothing."""
    key = ApiKey.objects.select_for_update().get(pk=api_key_id)
    if key.revoked_at is None:
        key.revoked_at = at
        key.save(update_fields=["revoked_at"])
    return key


def note_use(*, api_key_id: int, at: datetime) -> None:
    """Remember when a key was used last; an earlier time changes nothing."""
    ApiKey.objects.filter(pk=api_key_id).exclude(last_used_at__gte=at).update(last_used_at=at)
