"""Whose usage is whose: links from subjects to customers, made and ended in batches."""

from collections.abc import Collection, Sequence
from datetime import datetime

from metering.errors import DomainError
from metering.ingest.fence import start_batch
from metering.models import Batch, BatchKind, Customer, Subject, SubjectLink
from metering.services.subject_records import lock_subjects


class SubjectIsTaken(DomainError):
    status = 409
    code = "subject_is_taken"


def relink(
    *,
    customer: Customer,
    add: Collection[str],
    remove: Collection[str] = (),
    at: datetime,
    from_at: datetime | None = None,
) -> None:
    """
    Give subjects to a customer, and end other links of theirs at `at` in event time, as one batch.

    Runs in the caller's transaction. A new link starts at `from_at`; without it, it reaches back over all time, or to
    the end of the link that the subject had before.

    :raises SubjectIsTaken: if a subject belongs to another customer, or to this one already, in that time.
    """
    if not add and not remove:
        return
    subjects = lock_subjects(keys={*add, *remove}, at=at)
    links = SubjectLink.objects.known_at(None).filter(subject__in=subjects.values()).select_related("customer")
    known: dict[int, list[SubjectLink]] = {}
    for link in links.order_by("pk"):
        known.setdefault(link.subject_id, []).append(link)
    starts = {key: _start(subjects[key], customer, known.get(subjects[key].pk, []), from_at) for key in add}
    batch = start_batch(kind=BatchKind.LINK, at=at)
    for key in remove:
        for link in known.get(subjects[key].pk, []):
            if link.customer_id == customer.pk and (link.to_at is None or link.to_at > at):
                end_link(link, batch, at, from_at=at)
    for key in add:
        make_link(subjects[key], customer, batch, at, from_at=starts[key])


def _start(
    subject: Subject, customer: Customer, links: Sequence[SubjectLink], from_at: datetime | None
) -> datetime | None:
    for link in links:
        if link.to_at is None:
            owner = "this customer already" if link.customer_id == customer.pk else f"customer {link.customer}"
            raise SubjectIsTaken(f"Subject {subject.key} belongs to {owner}. Give another subject, or remove it there.")
    free_from = max((link.to_at for link in links if link.to_at is not None), default=None)
    if free_from is not None and from_at is not None and from_at < free_from:
        raise SubjectIsTaken(
            f"Subject {subject.key} belonged to a customer until {free_from.isoformat()}. Link it from then on."
        )
    return from_at or free_from


def end_link(link: SubjectLink, batch: Batch, at: datetime, *, from_at: datetime | None) -> SubjectLink | None:
    """
    End a link from `from_at` in event time on, None being over all time; return the link of what was before, if any.

    The caller holds the subject.
    """
    link.ended_batch = batch
    link.save(update_fields=["ended_batch"])
    if from_at is None or (link.from_at is not None and link.from_at >= from_at):
        return None
    return make_link(link.subject, link.customer, batch, at, from_at=link.from_at, to_at=from_at)


def make_link(
    subject: Subject,
    customer: Customer,
    batch: Batch,
    at: datetime,
    *,
    from_at: datetime | None,
    to_at: datetime | None = None,
) -> SubjectLink:
    """Let events of a subject in [from_at, to_at) be a customer's; None is open. The caller holds the subject."""
    return SubjectLink.objects.create(
        subject=subject, customer=customer, from_at=from_at, to_at=to_at, made_batch=batch, created_at=at
    )
