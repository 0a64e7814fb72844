"""How far usage queries are that clients named, for whoever asks while they run."""

from datetime import datetime

from django.db.models import F

from metering.identity import text_hash
from metering.models import QueryProgress

_MOST_PURGED = 1_000


def start_query(*, client_id: str, total: int, at: datetime) -> None:
    """Note that a query of `total` steps begins, in place of an earlier one; call it outside any transaction."""
    _purge(at)
    row = QueryProgress(
        client_id=client_id, client_hash=text_hash(client_id), total=total, success=0, failed=0, updated_at=at
    )
    QueryProgress.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["client_hash"],
        update_fields=["total", "success", "failed", "updated_at"],
    )


def advance_query(*, client_id: str, at: datetime, success: int = 0, failed: int = 0) -> None:
    """Note that more steps of a query are done."""
    QueryProgress.objects.filter(client_hash=text_hash(client_id)).update(
        success=F("success") + success, failed=F("failed") + failed, updated_at=at
    )


def _purge(at: datetime) -> None:
    old = QueryProgress.objects.outdated(at).order_by("pk").select_for_update(skip_locked=True)
    QueryProgress.objects.filter(pk__in=old.values("pk")[:_MOST_PURGED]).delete()
