"""Who calls the API: a Bearer key, looked up by its hash and remembered for a few seconds."""

import ipaddress
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from metering import clock
from metering.errors import DomainError
from metering.models import ApiKey, Scope
from metering.services.api_keys import hash_secret, note_use

if TYPE_CHECKING:
    # At run time REST framework's views import this module.
    from rest_framework.views import APIView

_REMEMBERED_SECONDS = 5.0
_REMEMBERED_KEYS = 1024
_USE_IS_NOTED_EVERY = timedelta(minutes=1)


class NotAuthenticated(DomainError):
    status = 401
    code = "unauthorized"


class NotAllowed(DomainError):
    status = 403
    code = "forbidden"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request: an API key, or nobody in particular where authentication is off."""

    api_key_id: int | None
    name: str
    scopes: frozenset[str]

    def allows(self, scope: str) -> bool:
        """Whether a scope is held; `admin` holds them all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def require(self, scope: str) -> None:
        """
        Pass if a scope is held.

        :raises NotAllowed: if it is not.
        """
        if not self.allows(scope):
            raise NotAllowed(f"This API key lacks the scope {scope}. Use a key that holds it.")


ANYONE_ON_THIS_MACHINE = Principal(api_key_id=None, name="authentication is off", scopes=frozenset({Scope.ADMIN}))


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal
    expires_at: datetime | None
    until: float


class _Memory:
    """What the last look-ups found, by header. Only valid keys are kept, so guesses cannot fill it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, _Remembered] = {}

    def get(self, header: str) -> Principal | None:
        found = self._found.get(header)
        if found is None or found.until <= time.monotonic():
            return None
        if found.expires_at is not None and found.expires_at <= clock.now():
            return None
        return found.principal

    def put(self, header: str, principal: Principal, expires_at: datetime | None) -> None:
        with self._lock:
            if len(self._found) >= _REMEMBERED_KEYS:
                self._found.clear()
            self._found[header] = _Remembered(principal, expires_at, time.monotonic() + _REMEMBERED_SECONDS)

    def clear(self) -> None:
        with self._lock:
            self._found.clear()


_memory = _Memory()
forget_api_keys = _memory.clear


def authenticate_header(header: str | None, *, remote_addr: str) -> Principal:
    """
    Return who an Authorization header stands for; a revoked key may pass for up to five more seconds.

    :raises NotAuthenticated: without a usable key, or with authentication off and a caller on another machine.
    """
    return recall_principal(header, remote_addr=remote_addr) or _look_up(header or "")


def recall_principal(header: str | None, *, remote_addr: str) -> Principal | None:
    """
    Return who an Authorization header stands for, None where only the database can tell.

    :raises NotAuthenticated: without a header, or with authentication off and a caller on another machine.
    """
    if settings.API_AUTH == "off":
        return _anyone_local(remote_addr)
    if not header:
        raise NotAuthenticated("Send an API key in the header Authorization: Bearer <key>.")
    return _memory.get(header)


def _anyone_local(remote_addr: str) -> Principal:
    try:
        is_local = ipaddress.ip_address(remote_addr).is_loopback
    except ValueError:
        is_local = False
    if not is_local:
        raise NotAuthenticated("Authentication is off, so only this machine itself may call the API.")
    return ANYONE_ON_THIS_MACHINE


def _look_up(header: str) -> Principal:
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotAuthenticated("Send the API key as Authorization: Bearer <key>.")
    key = _usable_key(hash_secret(secret.strip()))
    if key is None:
        raise NotAuthenticated("This API key is unknown, revoked or expired. Use another one.")
    principal = Principal(api_key_id=key.pk, name=key.name, scopes=frozenset(key.scopes))
    _memory.put(header, principal, key.expires_at)
    return principal


def _usable_key(secret_hash: bytes) -> ApiKey | None:
    # Threads of the ingestion lane live outside Django's requests, so whoever opens a connection here gives it back.
    is_ours = connection.connection is None
    try:
        at = clock.now()
        key = ApiKey.objects.usable(at).filter(secret_hash=secret_hash).first()
        if key is not None and (key.last_used_at is None or key.last_used_at <= at - _USE_IS_NOTED_EVERY):
            note_use(api_key_id=key.pk, at=at)
        return key
    finally:
        if is_ours:
            connection.close()


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.auth` to the Principal."""

    def authenticate(self, request: Request) -> tuple[None, Principal]:
        header = request.META.get("HTTP_AUTHORIZATION")
        return None, authenticate_header(header, remote_addr=request.META.get("REMOTE_ADDR", ""))

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def principal_of(request: Request) -> Principal:
    """Return who makes a request that `ApiKeyAuthentication` has let in."""
    principal: Principal = request.auth  # type: ignore[assignment]
    return principal


class HasScope(BasePermission):
    """Asks for the view's `required_scope`; without one, `read` for reading and `write` for everything else."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        by_method = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        principal_of(request).require(getattr(view, "required_scope", None) or by_method)
        return True
