"""Who changed what, when and why. Triggers keep every version of a row; this names the actor and reads the versions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

import pghistory
from django.db import models
from django.db.models import OuterRef, Subquery, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse

from metering.problems import API_PREFIX

ActorKind = Literal["api_key", "operator", "member", "visitor", "system"]
NOT_RECORDED = "not recorded"
_Row = TypeVar("_Row", bound=models.Model)
_READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_NOISE = frozenset({"updated_at"})


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row: `changed` maps each field to its old and new value; of a new row the old ones are None."""

    at: datetime
    actor: str
    kind: str
    reason: str
    label: str
    changed: dict[str, tuple[Any, Any]]


@contextmanager
def actor(*, kind: ActorKind, name: str, reason: str, actor_id: int | None = None, url: str = "") -> Iterator[None]:
    """
    Write this actor and reason beside every change made inside.

    Inside another actor it changes nothing: whoever began is the cause.
    """
    with pghistory.context() as context:
        if "kind" not in context.metadata:
            context.metadata.update(kind=kind, actor=name, actor_id=actor_id, reason=reason, url=url)
        yield


def changes_of(instance: models.Model) -> list[Change]:
    """Return every change of a tracked row, newest first; one query. Untracked fields such as secrets are left out."""
    history = type(instance).pgh_event_model  # type: ignore[attr-defined]
    names = _tracked_fields(history)
    changes: list[Change] = []
    previous: models.Model | None = None
    for version in history.objects.filter(pgh_obj=instance.pk).select_related("pgh_context").order_by("pgh_id"):
        changes.append(_change(version, previous, names))
        previous = version
    return changes[::-1]


def with_makers(rows: models.QuerySet[_Row]) -> models.QuerySet[_Row]:
    """Have rows of a tracked model know in `made_by` who made them; within the same query."""
    history = rows.model.pgh_event_model  # type: ignore[attr-defined]
    made = history.objects.filter(pgh_obj=OuterRef("pk"), pgh_label="insert").order_by("pgh_id")
    name = made.values_list(KeyTextTransform("actor", "pgh_context__metadata"))[:1]
    made_by = Coalesce(Subquery(name), Value(NOT_RECORDED), output_field=models.TextField())
    return rows.annotate(made_by=made_by)  # type: ignore[return-value]


def _tracked_fields(history: type[models.Model]) -> list[str]:
    fields = [field for field in history._meta.concrete_fields if not field.name.startswith("pgh_")]
    return [field.attname for field in fields if field.name not in _NOISE]


def _change(version: Any, previous: Any, names: list[str]) -> Change:
    metadata = version.pgh_context.metadata if version.pgh_context else {}
    pairs = {name: (getattr(previous, name, None), getattr(version, name)) for name in names}
    return Change(
        at=version.pgh_created_at,
        actor=metadata.get("actor", NOT_RECORDED),
        kind=metadata.get("kind", ""),
        reason=metadata.get("reason", ""),
        label=version.pgh_label,
        changed={name: (old, new) for name, (old, new) in pairs.items() if old != new},
    )


class HistoryMiddleware:
    """Names the person behind every write of the console and the portal; API views name their key themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in _READING or request.path.startswith(API_PREFIX):
            return self.get_response(request)
        kind, name, actor_id = _person(request)
        reason = request.POST.get("change_reason", "").strip() or f"{request.method} {request.path}"
        with actor(kind=kind, name=name, actor_id=actor_id, reason=reason, url=request.path):
            return self.get_response(request)


def _person(request: HttpRequest) -> tuple[ActorKind, str, int | None]:
    if not request.user.is_authenticated:
        return "visitor", "not signed in", None
    return ("operator" if request.user.is_staff else "member"), request.user.email, request.user.pk
