"""What the views of plans and of add-ons share: finding versions, by id, by key, and by what a list asks for."""

from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Q
from django.http import Http404

from pricing.models import Versioned, VersionQuerySet

_V = TypeVar("_V", bound=Versioned)
_ORDER = {"id": "ulid", "key": "key", "version": "version", "created_at": "created_at", "updated_at": "updated_at"}


def find_version(versions: VersionQuerySet[_V], id_or_key: str, *, at: datetime, what: str, latest: bool = False) -> _V:
    """
    Return the version that has an id, else the active one of a key, or its `latest` one whatever its status.

    :raises Http404: if there is none.
    """
    of_key = versions.filter(key=id_or_key, deleted_at=None)
    named = of_key if latest else of_key.active(at)
    found = versions.filter(ulid=id_or_key).first() or named.order_by("-version").first()
    if found is None:
        raise Http404(f"There is no active {what} {id_or_key}. Name one by its id or key.")
    return found


def find_by_id(versions: VersionQuerySet[_V], public_id: str, *, what: str) -> _V:
    """
    Return the version to change, which its id alone names, as a key has many.

    :raises Http404: if there is none.
    """
    found = versions.filter(ulid=public_id).first()
    if found is None:
        raise Http404(f"There is no {what} with the id {public_id}. Name it by its id.")
    return found


def listed(versions: VersionQuerySet[_V], asked: dict[str, Any], *, at: datetime) -> VersionQuerySet[_V]:
    """Return the versions that a list asks for, in its order."""
    found = versions if asked["includeDeleted"] else versions.filter(deleted_at=None)
    found = found.filter(chosen(asked))
    if asked["currency"]:
        found = found.filter(currency__in=asked["currency"])
    if asked["status"]:
        found = found.with_status(asked["status"], at)
    return ordered(found, asked)


def chosen(asked: dict[str, Any], prefix: str = "") -> Q:
    """Return the condition of having one of the ids, keys or versions of keys; none of them is no condition."""
    wanted = Q()
    if asked["id"]:
        wanted |= Q(**{f"{prefix}ulid__in": asked["id"]})
    if asked["key"]:
        wanted |= Q(**{f"{prefix}key__in": asked["key"]})
    for key, numbers in asked["keyVersion"].items():
        wanted |= Q(**{f"{prefix}key": key, f"{prefix}version__in": numbers})
    return wanted


def ordered(found: Any, asked: dict[str, Any], prefix: str = "") -> Any:
    """Return rows in the order that a list asks for."""
    direction = "-" if asked["order"] == "DESC" else ""
    return found.order_by(f"{direction}{prefix}{_ORDER[asked['orderBy']]}", f"{direction}pk")
