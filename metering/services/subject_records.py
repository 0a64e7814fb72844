"""What is known of subjects: their rows, which exist as soon as somebody names them, and what is written on them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from metering.errors import DomainError
from metering.identity import text_hash
from metering.models import Subject, SubjectLink

_BLANK: Mapping[str, Any] = {
    "display_name": "",
    "metadata": {},
    "current_period_start": None,
    "current_period_end": None,
    "stripe_customer_id": "",
}


class SubjectPeriodIsEmpty(DomainError):
    code = "subject_period_is_empty"


class SubjectIsInUse(DomainError):
    status = 409
    code = "subject_is_in_use"


def lock_subjects(*, keys: Collection[str], at: datetime) -> dict[str, Subject]:
    """
    Return the locked rows of subjects by key; those that are missing are made, deleted ones come back blank.

    Runs in the caller's transaction.
    """
    hashes = {text_hash(key): key for key in keys}
    # Always in the order of the unique key: two transactions with the same new subjects wait instead of deadlocking.
    new = [
        Subject(key=hashes[key_hash], key_hash=key_hash, created_at=at, updated_at=at) for key_hash in sorted(hashes)
    ]
    Subject.objects.bulk_create(new, ignore_conflicts=True)
    locked = {
        subject.key: subject
        for subject in Subject.objects.filter(key_hash__in=hashes).order_by("key_hash").select_for_update()
    }
    for subject in locked.values():
        if subject.deleted_at is not None:
            _revive(subject, at)
    return locked


@transaction.atomic
def upsert_subjects(*, records: Sequence[Mapping[str, Any]], at: datetime) -> list[Subject]:
    """
    Write what is known of subjects, and return them in the order of `records`.

    Each record has a `key` and those fields that shall change; the others stay. Of two records with one key, the
    second is written over the first.

    :raises SubjectPeriodIsEmpty: if a current period would end before it starts; then nothing is written.
    """
    subjects = lock_subjects(keys={record["key"] for record in records}, at=at)
    for record in records:
        subject = subjects[record["key"]]
        for field in record.keys() & _BLANK.keys():
            setattr(subject, field, record[field])
        subject.updated_at = at
        _check_period(subject)
    Subject.objects.bulk_update(subjects.values(), [*_BLANK, "updated_at"], batch_size=1000)
    return [subjects[record["key"]] for record in records]


@transaction.atomic
def delete_subject(*, subject_id: int, at: datetime) -> Subject:
    """
    Take a subject off the list; its events stay, and it comes back when its key is used again.

    A second call changes nothing.

    :raises SubjectIsInUse: while it belongs to a customer.
    """
    subject = Subject.objects.select_for_update().get(pk=subject_id)
    if subject.deleted_at is not None:
        return subject
    links = SubjectLink.objects.known_at(None).reaching_past(at).filter(subject=subject)
    link = links.select_related("customer").first()
    if link is not None:
        raise SubjectIsInUse(f"Subject {subject.key} belongs to customer {link.customer}. Remove it there first.")
    subject.deleted_at = subject.updated_at = at
    subject.save(update_fields=["deleted_at", "updated_at"])
    return subject


def _revive(subject: Subject, at: datetime) -> None:
    for field, value in _BLANK.items():
        setattr(subject, field, value)
    subject.deleted_at, subject.updated_at = None, at
    subject.save()


def _check_period(subject: Subject) -> None:
    start, end = subject.current_period_start, subject.current_period_end
    if start is not None and end is not None and start >= end:
        raise SubjectPeriodIsEmpty(
            f"Let the current period of subject {subject.key} end after {start.isoformat()}, not at {end.isoformat()}."
        )
