"""
Move a subject to another customer from a time on, or take it away: usage before that time stays where it was.

What was billed by links that end here is not changed: lines keep the links they counted, and usage at earlier batch
bounds follows the links of that time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from metering.errors import DomainError
from metering.identity import text_hash
from metering.ingest.fence import start_batch
from metering.models import Batch, BatchKind, Customer, Subject, SubjectLink
from metering.services.reasons import check_reason
from metering.services.subject_records import lock_subjects
from metering.services.subjects import end_link, make_link


class CannotMove(DomainError):
    status = 409
    code = "subject_cannot_move"


@dataclass(frozen=True, slots=True)
class Move:
    """What a move did, in one batch: the links it ended, and those it made, the earlier part of a cut one included."""

    batch: Batch
    ended: tuple[SubjectLink, ...]
    made: tuple[SubjectLink, ...]


@transaction.atomic
def move_subject(*, subject_key: str, customer_id: int, from_at: datetime | None, reason: str, at: datetime) -> Move:
    """
    Make the events of a subject a customer's from `from_at` in event time on, for ever; without it, over all time.

    The present owner's links are cut there, later ones of theirs or of this customer end. Works where nobody had it.

    :raises ReasonIsMissing: without a reason.
    :raises CannotMove: if the customer was deleted, or has it from then on already; if it is the key of another one; or
        if more than one other customer has it after `from_at`.
    """
    check_reason(reason)
    subject, links = _locked(subject_key, customer_id, at)
    customer = Customer.objects.get(pk=customer_id)
    if customer.deleted_at is not None:
        raise CannotMove(f"The customer {customer} was deleted. Choose another one.")
    later = [link for link in links if _reaches_past(link, from_at)]
    others = [link for link in later if link.customer_id != customer_id]
    if not others and any(link.to_at is None and _starts_by(link, from_at) for link in later):
        raise CannotMove(f"Choose another customer: {subject} belongs to {customer} from then on already.")
    _check_owners(subject, others)
    batch = start_batch(kind=BatchKind.LINK, at=at, reason=reason.strip())
    made = [*_end_all(later, from_at, batch, at), make_link(subject, customer, batch, at, from_at=from_at)]
    return Move(batch, tuple(later), tuple(made))


@transaction.atomic
def end_links(*, subject_key: str, from_at: datetime | None, reason: str, at: datetime) -> Move:
    """
    Make the events of a subject nobody's from `from_at` in event time on; without it, over all time.

    :raises ReasonIsMissing: without a reason.
    :raises CannotMove: if nobody has it then, if it is its owner's key, or if more than one customer has it after that.
    """
    check_reason(reason)
    subject, links = _locked(subject_key, None, at)
    later = [link for link in links if _reaches_past(link, from_at)]
    if not later:
        raise CannotMove(f"Choose an earlier time, or another subject: {subject} belongs to nobody from then on.")
    _check_owners(subject, later)
    batch = start_batch(kind=BatchKind.LINK, at=at, reason=reason.strip())
    return Move(batch, tuple(later), tuple(_end_all(later, from_at, batch, at)))


def _locked(subject_key: str, customer_id: int | None, at: datetime) -> tuple[Subject, list[SubjectLink]]:
    """Lock customers, then the subject, as every change of links does; a new link locks its customer's key."""
    current = (
        SubjectLink.objects.known_at(None)
        .select_related("customer", "subject")
        .order_by(F("from_at").asc(nulls_first=True))
    )
    owners = set(current.filter(subject__key_hash=text_hash(subject_key)).values_list("customer_id", flat=True))
    wanted = owners | ({customer_id} if customer_id is not None else set())
    list(Customer.objects.filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",), no_key=True))
    subject = lock_subjects(keys=[subject_key], at=at)[subject_key]
    links = list(current.filter(subject=subject))
    if not {link.customer_id for link in links} <= wanted:
        raise CannotMove(f"Look again, then repeat: {subject} was given to another customer in this moment.")
    return subject, links


def _check_owners(subject: Subject, links: Sequence[SubjectLink]) -> None:
    if len({link.customer_id for link in links}) > 1:
        last = links[-1]
        since = last.from_at.isoformat() if last.from_at else "ever"
        raise CannotMove(
            f"Begin with the latest: {subject} belongs to {last.customer} since {since}. Do this from then on first,"
            " and from the earlier time after that."
        )
    for link in links:
        if link.customer.key == subject.key and link.customer.deleted_at is None:
            raise CannotMove(f"Give {link.customer} another key first: {subject} is the key, so its usage is theirs.")


def _end_all(links: Sequence[SubjectLink], from_at: datetime | None, batch: Batch, at: datetime) -> list[SubjectLink]:
    ended = [end_link(link, batch, at, from_at=from_at) for link in links]
    return [before for before in ended if before is not None]


def _reaches_past(link: SubjectLink, from_at: datetime | None) -> bool:
    return from_at is None or link.to_at is None or link.to_at > from_at


def _starts_by(link: SubjectLink, from_at: datetime | None) -> bool:
    return link.from_at is None or (from_at is not None and link.from_at <= from_at)
