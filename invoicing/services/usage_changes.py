"""Which customers' usage changed after it was billed: noted before a billing run, forgotten once it is billed."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from invoicing import change_sql
from invoicing.lines import LineState
from invoicing.models import ChangeWatermark

# Shared by who bills at a bound, exclusive to who notes changes past it: one of the two sees what the other did.
_LOCK = (7741, 5)


@transaction.atomic
def note_changes(*, bound: int) -> None:
    """
    Note whose billed usage the batches after the last call, up to `bound`, may have changed.

    Whether it did is found by reading it again. What is looked at are batches with events of billed time, voids,
    restores and amendments, and subject links made or ended; a new version of a meter changes nothing, as lines keep
    theirs. Calls at once take turns, and a bound that was passed already changes nothing. `bound` comes from the fence:
    all up to it is complete.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _LOCK)
        watermark, _ = ChangeWatermark.objects.get_or_create(id=True)
        if bound <= watermark.bound:
            return
        cursor.execute(change_sql.HORIZON)
        (horizon,) = cursor.fetchone()
        reach = {"since": watermark.bound, "bound": bound, "horizon": "-infinity" if horizon is None else horizon}
        cursor.execute(change_sql.NOTE, reach)
        watermark.bound = bound
        watermark.save(update_fields=["bound"])


def settle_changes(*, customer_id: int, bound: int, seen: str) -> None:
    """
    Forget the noted change of a customer whose usage up to `bound` is billed, in the transaction that billed it.

    Only the row as it was `seen` goes (see `noted_changes`), and only if no later batch was looked at since.
    """
    with connection.cursor() as cursor:
        if _noted_bound(cursor) <= bound:
            cursor.execute(change_sql.FORGET, {"customer": customer_id, "version": seen})


def note_if_overtaken(*, customer_id: int, states: Iterable[LineState | None]) -> None:
    """
    Note a change of usage that is billed as it was at an earlier bound than that of the last `note_changes`.

    Who noted that bound did not see these lines, so nobody else knows. Call it in the transaction that wrote them.
    """
    metered = [state for state in states if state is not None and state.bound is not None]
    if not metered:
        return
    bound = min(state.bound for state in metered if state.bound is not None)
    with connection.cursor() as cursor:
        if _noted_bound(cursor) > bound:
            billed: dict[str, int | datetime] = {
                "customer": customer_id,
                "batch": bound + 1,
                "from": min(state.period.start for state in metered),
                "to": max(state.period.end for state in metered),
            }
            cursor.execute(change_sql.NOTE_BILLED, billed)


def _noted_bound(cursor: CursorWrapper) -> int:
    """Return up to which batch changes are noted; it stays so until the transaction ends."""
    cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", _LOCK)
    return ChangeWatermark.objects.values_list("bound", flat=True).first() or 0
