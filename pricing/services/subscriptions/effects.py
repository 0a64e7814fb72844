"""The exact effect of an act on a customer's subscriptions: it is done, looked at, and taken back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from metering.errors import DomainError
from metering.periods import MICROSECOND
from pricing.coming import ChangedInvoice, ComingInvoice, changed_invoices, coming_invoices
from pricing.models import Subscription
from pricing.schedule import PlannedItem, PlannedPhase, Schedule
from pricing.service_periods import Rhythm
from pricing.services.subscriptions.contracts import schedule_of

_Row = PlannedPhase | PlannedItem
_Courses = Mapping[int, tuple[Subscription, Schedule]]


@dataclass(frozen=True)
class ChangedCourse:
    """All rows of a subscription before an act and after it; None where it does not exist."""

    subscription: Subscription
    before: Schedule | None
    after: Schedule | None


@dataclass(frozen=True)
class Effect:
    """
    What an act changes, the first instant at which anything is different, and the next invoices without and with it.

    Of a customer who cannot be billed there are none, and `unforeseen` says why.
    """

    at: datetime
    courses: tuple[ChangedCourse, ...]
    invoices: tuple[ChangedInvoice, ...] = ()
    unforeseen: str = ""


def effect_of(*, act: Callable[[], object], customer_id: int, at: datetime) -> Effect:
    """
    Return what an act on a customer's subscriptions would change, from the act itself; nothing of it stays.

    Invoices are shown to the end of the next full billing period, with the usage that is known by now.

    :raises DomainError: what the act raises.
    """
    before = _courses(customer_id, _running(at))
    with _taken_back():
        act()
        courses = tuple(_changed(before, _courses(customer_id, Q(pk__in=before) | _running(at))))
        start = min((time for course in courses for time in _differences(course)), default=at)
        until = _horizon([course.subscription.rhythm for course in courses], max(at, start - MICROSECOND))
        after = _foreseen(customer_id, until, at)
    unchanged = _foreseen(customer_id, until, at)
    if isinstance(after, str) or isinstance(unchanged, str):
        return Effect(start, courses, unforeseen=str(after if isinstance(after, str) else unchanged))
    return Effect(start, courses, tuple(changed_invoices(unchanged, after)))


@contextmanager
def _taken_back() -> Iterator[None]:
    # Rolled back to a savepoint, where there is a transaction already: rows, locks and what waits for a commit.
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _running(at: datetime) -> Q:
    return Q(pk__in=Subscription.objects.not_over(at).values("pk"))


def _foreseen(customer_id: int, until: datetime, at: datetime) -> list[ComingInvoice] | str:
    """Return the invoices to come, or why they cannot be told: what cannot be billed may still be ended or changed."""
    try:
        return coming_invoices(customer_id, until=until, at=at)
    except DomainError as refusal:
        return refusal.message


def _courses(customer_id: int, chosen: Q) -> _Courses:
    found = Subscription.objects.filter(chosen, customer=customer_id, awaits_payment=False)
    return {one.pk: (one, schedule_of(one)) for one in found.select_related("customer", "plan").order_by("pk")}


def _changed(before: _Courses, after: _Courses) -> Iterator[ChangedCourse]:
    """Yield what has changed; where nothing has, everything as it is."""
    every = [
        ChangedCourse(
            (after.get(pk) or before[pk])[0],
            before[pk][1] if pk in before else None,
            after[pk][1] if pk in after else None,
        )
        for pk in {**before, **after}
    ]
    yield from [course for course in every if course.before != course.after] or every


def _differences(course: ChangedCourse) -> Iterator[datetime]:
    """Yield the times from which on a row is there on one side alone, or has ended on one side alone."""
    before, after = _ends(course.before), _ends(course.after)
    yield from (start for start, _ in before.keys() ^ after.keys())
    for key in before.keys() & after.keys():
        if before[key] != after[key]:
            yield min(end for end in (before[key], after[key]) if end is not None)


def _ends(schedule: Schedule | None) -> dict[tuple[datetime, str], datetime | None]:
    if schedule is None:
        return {}
    rows: Sequence[_Row] = [*schedule.phases, *schedule.items]
    return {(row.active_from, _content(row)): row.active_to for row in rows}


def _content(row: _Row) -> str:
    if isinstance(row, PlannedPhase):
        return repr((row.key, row.name))
    return repr((row.phase_key, row.terms))


def _horizon(rhythms: Sequence[Rhythm], at: datetime) -> datetime:
    """Return the end of the next full billing period; where two lengths meet, that of the longer current one."""
    current = [rhythm.at(at).end for rhythm in rhythms]
    following = [rhythm.at(end).end for rhythm, end in zip(rhythms, current, strict=True)]
    return max(min(following), max(current))
