"""Make, find and invalidate the tokens with which a browser reads the usage of one subject."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from metering.errors import DomainError
from metering.models import Meter, PortalToken
from metering.services.api_keys import hash_secret

_LIVES_FOR = timedelta(hours=1)


class InvalidPortalToken(DomainError):
    code = "invalid_portal_token"


class NoSuchMeter(DomainError):
    status = 404
    code = "meter_not_found"


@transaction.atomic
def create_portal_token(
    *, subject: str, at: datetime, allowed_meters: Sequence[str] | None = None, expires_at: datetime | None = None
) -> tuple[PortalToken, str]:
    """
    Make a token and return it with its secret, which is shown this once and stored only as a hash.

    It reads the meters with these slugs, or all without them, and lives for an hour unless `expires_at` says otherwise.

    :raises InvalidPortalToken: without a subject, for no meter at all, or if it would have expired already.
    :raises NoSuchMeter: if a slug is that of no live meter.
    """
    if not subject:
        raise InvalidPortalToken("Name the subject whose usage the token shows.")
    if expires_at is not None and expires_at <= at:
        raise InvalidPortalToken("Let the token expire in the future.")
    secret = "bil_portal_" + secrets.token_urlsafe(32)
    token = PortalToken.objects.create(
        subject=subject,
        secret_hash=hash_secret(secret),
        allowed_meters=None if allowed_meters is None else _known(allowed_meters),
        created_at=at,
        expires_at=expires_at or at + _LIVES_FOR,
    )
    return token, secret


@transaction.atomic
def invalidate_portal_tokens(*, at: datetime, public_id: str | None = None, subject: str | None = None) -> int:
    """
    Make one token useless from now on, or all of a subject; return how many were not so before.

    :raises InvalidPortalToken: if neither is named, or both.
    """
    if bool(public_id) == bool(subject):
        raise InvalidPortalToken("Name either the id of one token, or the subject whose tokens all go.")
    chosen = PortalToken.objects.filter(ulid=public_id) if public_id else PortalToken.objects.filter(subject=subject)
    locked = chosen.filter(invalidated_at=None).order_by("pk").select_for_update()
    return PortalToken.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).update(invalidated_at=at)


def find_portal_token(secret: str, *, at: datetime) -> PortalToken | None:
    """Return the token of a secret, None if there is none, or it is invalidated or expired."""
    return PortalToken.objects.usable(at).filter(secret_hash=hash_secret(secret)).first()


def _known(slugs: Sequence[str]) -> list[str]:
    if not slugs:
        raise InvalidPortalToken("Name at least one meter, or leave the list out to allow them all.")
    known = set(Meter.objects.live().filter(slug__in=slugs).values_list("slug", flat=True))
    for slug in slugs:
        if slug not in known:
            raise NoSuchMeter(f"There is no meter {slug}. Name meters by their slugs.")
    return list(dict.fromkeys(slugs))
