"""Which customers' usage changed after it was billed: noted before a billing run, forgotten once it is billed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from invoicing import change_sql
from invoicing.models import ChangeWatermark
from metering.models import MeterVersion

# Shared by who bills at a bound, exclusive to who notes changes past it: one of the two sees what the other did.
_LOCK = (7741, 5)


@transaction.atomic
def note_changes(*, bound: int) -> None:
    """
    Note whose billed usage the batches after the last call, up to `bound`, may have changed.

    Whether it did is found by reading it again. What is looked at are batches with events of billed time, voids,
    restores and amendments, subject links made or ended, and meters whose groups were corrected. Calls at once take
    turns, and a bound that was passed already changes nothing. `bound` comes from the fence: all up to it is complete.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _LOCK)
        watermark, _ = ChangeWatermark.objects.get_or_create(id=True)
        if bound <= watermark.bound:
            return
        cursor.execute(change_sql.HORIZON)
        (horizon,) = cursor.fetchone()
        cursor.execute(
            change_sql.NOTE,
            {
                "since": watermark.bound,
                "bound": bound,
                "horizon": "-infinity" if horizon is None else horizon,
                "corrected": _corrected_meters(since=watermark.bound, bound=bound),
            },
        )
        watermark.bound = bound
        watermark.save(update_fields=["bound"])


@transaction.atomic
def settle_changes(*, customer_id: int, bound: int, seen: str | None, since: datetime | None = None) -> None:
    """
    Forget the noted change of a customer that was billed at `bound`, in the transaction that wrote its lines.

    Only the row as it was `seen` goes (None: it stays), and only if no later batch was noted. Where one was, what was
    billed just now from `since` on is noted itself, as nobody else saw both.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", _LOCK)
    noted = ChangeWatermark.objects.values_list("bound", flat=True).first() or 0
    if noted > bound:
        if since is not None:
            _note_billed(customer_id, bound, since)
    elif seen is not None:
        forget_changes(seen={customer_id: seen})


def forget_changes(*, seen: Mapping[int, str]) -> int:
    """Forget noted changes that came to nothing, by customer, where the row is still as it was `seen`; count them."""
    with connection.cursor() as cursor:
        cursor.execute(change_sql.FORGET, {"customers": list(seen), "versions": list(seen.values())})
        return cursor.rowcount


def _corrected_meters(*, since: int, bound: int) -> list[int]:
    """Return the meters of which a group that was there before is read from elsewhere, or from nowhere, since."""
    # A version is made at the bound of its time, so one at the bound of the last call may have come after it.
    versions = MeterVersion.objects.filter(floor_batch__gte=since, floor_batch__lte=bound, number__gt=1)
    corrected = []
    for version in versions.order_by("pk"):
        before = MeterVersion.objects.get(meter=version.meter_id, number=version.number - 1)
        if any(version.group_by.get(name) != path for name, path in before.group_by.items()):
            corrected.append(version.meter_id)
    return corrected


def _note_billed(customer_id: int, bound: int, since: datetime) -> None:
    parameters: dict[str, Any] = {"customer": customer_id, "batch": bound + 1, "since": since}
    with connection.cursor() as cursor:
        cursor.execute(change_sql.NOTE_BILLED, parameters)
