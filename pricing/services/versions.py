"""What plans and add-ons share: one draft at a time, published once, archived when the next one is published."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from django.db.models import Max

from metering.errors import DomainError
from pricing.issues import Issue
from pricing.models import Versioned, VersionStatus
from pricing.services.conflicts import refusing

_V = TypeVar("_V", bound=Versioned)


class PublishedLater(DomainError):
    status = 409
    code = "effective_period_overlap"


class NotActive(DomainError):
    code = "invalid_status_for_archive"


class StillActive(DomainError):
    code = "invalid_status_for_delete"


class InvalidVersion(DomainError):
    """Carries every issue; its code and message are those of the first."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__(issues[0].message, extensions={"validationErrors": [issue.as_json() for issue in issues]})
        self.code = issues[0].code


def lock_versions(model: type[_V], key: str) -> None:
    """Lock all versions of a key, in one order."""
    list(model._default_manager.filter(key=key).order_by("pk").select_for_update().values_list("pk"))


def locked_version(model: type[_V], pk: int) -> _V:
    """Lock all versions of what a row is one of, and return the row."""
    lock_versions(model, model._default_manager.values_list("key", flat=True).get(pk=pk))
    return model._default_manager.get(pk=pk)


@contextmanager
def one_draft(what: str, error: Callable[[], DomainError]) -> Iterator[None]:
    """
    Raise what `error` makes if the block drafts a version while there is another draft.

    Of two that draft the first version at once, the one that comes second finds its number taken.
    """
    with refusing(f"one_draft_per_{what}_key", error), refusing(f"one_{what}_per_key_and_version", error):
        yield


def next_version(model: type[_V], key: str) -> int:
    """Return the number of the version that comes next, deleted ones counted."""
    newest: int | None = model._default_manager.filter(key=key).aggregate(newest=Max("version"))["newest"]
    return (newest or 0) + 1


def put_in_force(row: _V, *, at: datetime) -> None:
    """
    Publish a draft whose versions are locked, and archive the version before at the same instant.

    :raises PublishedLater: if another version took effect at this instant or after it.
    """
    for other in type(row)._default_manager.filter(key=row.key, effective_from__isnull=False, deleted_at=None):
        began, ended = other.effective_from, other.effective_to
        if began is not None and (began >= at or (ended is not None and ended > at)):
            raise PublishedLater(f"Publish {row} after {(ended or began).isoformat()}, when {other} changed last.")
        if other.effective_to is None:
            _end(other, at)
    row.effective_from = row.updated_at = at
    row.save(update_fields=["effective_from", "updated_at"])


def archive_version(row: _V, *, at: datetime) -> None:
    """
    Take a version whose versions are locked out of sale; who has it keeps it.

    :raises NotActive: if it is not on sale.
    """
    status = row.status(at)
    if status != VersionStatus.ACTIVE or row.deleted_at is not None:
        word = "deleted" if row.deleted_at else status.label.lower()
        raise NotActive(f"Archive a version that is active: {row} is {word}.")
    _end(row, at)


def delete_version(row: _V, *, at: datetime) -> None:
    """
    Delete a version whose versions are locked; it can be read by its id from then on, and its number stays taken.

    :raises StillActive: if it is on sale.
    """
    if row.deleted_at is not None:
        return
    if row.status(at) == VersionStatus.ACTIVE:
        raise StillActive(f"Archive {row} first: it is active.")
    row.deleted_at = row.updated_at = at
    row.save(update_fields=["deleted_at", "updated_at"])


def _end(row: Versioned, at: datetime) -> None:
    row.effective_to = row.updated_at = at
    row.save(update_fields=["effective_to", "updated_at"])
