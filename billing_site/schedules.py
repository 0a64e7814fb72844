"""What the worker does by the clock, as data."""

from dataclasses import asdict, dataclass

from django.db import transaction
from django_q.models import Schedule


@dataclass(frozen=True)
class Timing:
    """A task by its dotted path, and how often it runs; `minutes` is for the schedule type MINUTES alone."""

    func: str
    schedule_type: str
    minutes: int | None = None


SCHEDULES: dict[str, Timing] = {
    "Billing run": Timing(func="invoicing.tasks.bill_due", schedule_type=Schedule.HOURLY),
    "Overdue invoices": Timing(func="invoicing.tasks.mark_overdue", schedule_type=Schedule.HOURLY),
    "Stalled corrections": Timing(
        func="metering.tasks.run_stalled_corrections", schedule_type=Schedule.MINUTES, minutes=5
    ),
    "New subjects": Timing(func="metering.tasks.adopt_unknown_subjects", schedule_type=Schedule.MINUTES, minutes=1),
    "Audit": Timing(func="billing_site.tasks.audit", schedule_type=Schedule.DAILY),
    "Missing documents": Timing(
        func="invoicing.tasks.store_missing_documents", schedule_type=Schedule.MINUTES, minutes=15
    ),
}
_OUR_TASKS = r"^(metering|pricing|invoicing|portal|billing_site)\."


@transaction.atomic
def sync_schedules() -> None:
    """Make the stored schedules those of `SCHEDULES`; when each runs next stays as it is. Safe to repeat."""
    for name, timing in SCHEDULES.items():
        Schedule.objects.update_or_create(name=name, defaults=asdict(timing))
    Schedule.objects.filter(func__regex=_OUR_TASKS).exclude(name__in=SCHEDULES).delete()
