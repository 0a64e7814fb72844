"""Make customers of subjects that events name and nobody has, for installations whose services know no customers."""

from datetime import datetime

from django.db.models import Max

from metering.ingest.fence import current_bound
from metering.models import SubjectSearch
from metering.queries.unknown_subjects import end_of_stretch, first_use, unknown_subjects
from metering.services.customers import CustomerKeyIsTaken, create_customer
from metering.services.subjects import SubjectIsTaken

_EVENTS_AT_ONCE = 200_000


def adopt_unknown_subjects(*, at: datetime, limit: int = 500) -> int:
    """
    Make a customer, with the subject as key and name, of each new subject; return how many were made.

    Goes on behind the batch where the last call ended, by at most `limit` customers or about 200,000 events, and not
    past a subject that is left. Safe to repeat and to run twice at once. Call it outside a transaction.
    """
    bound = current_bound()
    after = SubjectSearch.objects.aggregate(last=Max("batch_id"))["last"] or 0
    upto = end_of_stretch(after=after, bound=bound, events=_EVENTS_AT_ONCE)
    if upto is None:
        return 0
    found = unknown_subjects(after=after, upto=upto)
    made = sum(_adopt(key, at) for key in found[:limit])
    if len(found) <= limit:
        _advance(upto, at)
    return made


def _adopt(key: str, at: datetime) -> bool:
    used_since = min(first_use(key) or at, at)
    try:
        create_customer(name=key, key=key, at=at, used_since=used_since)
    except (CustomerKeyIsTaken, SubjectIsTaken):
        # Somebody else made a customer of it since it was found.
        return False
    return True


def _advance(batch_id: int, at: datetime) -> None:
    SubjectSearch.objects.get_or_create(defaults={"updated_at": at})
    # Another worker may be further already.
    SubjectSearch.objects.filter(batch_id__lt=batch_id).update(batch_id=batch_id, updated_at=at)
