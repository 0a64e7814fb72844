"""What a meter would have measured, before it is saved: read as every query reads it, from few enough raw events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import OperationalError, connection, transaction
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from metering.errors import DomainError
from metering.models import Event, MeterVersion
from metering.queries.usage import UsageRow, matching_events, query_usage
from metering.queries.verdicts import read_meter
from metering.verdict_sql import outcome_condition
from metering.verdicts import Outcome, read_value
from metering.windows import WindowSize

MOST_EVENTS = 100_000
_TIMEOUT = "5s"
_UTC = ZoneInfo("UTC")


class PreviewTakesTooLong(DomainError):
    code = "preview_takes_too_long"


@dataclass(frozen=True, slots=True)
class BadValues:
    """How many events have no good value, the newest of them, and what is wrong with it."""

    events: int
    example: Event
    problem: str


@dataclass(frozen=True, slots=True)
class Preview:
    """
    Usage in [start, end) as a total, by day (UTC) and by each group, none where there is none.

    `is_cut` says that there are more events than are looked at, so that it starts later than was asked for.
    """

    start: datetime
    end: datetime
    is_cut: bool
    total: UsageRow | None
    days: Sequence[UsageRow]
    groups: Mapping[str, Sequence[UsageRow]]
    bad: BadValues | None

    @property
    def events(self) -> int:
        """The events of the meter's type, bad values included."""
        return self.total.events if self.total else self.bad.events if self.bad else 0


@transaction.atomic
def preview_meter(*, version: MeterVersion, start: datetime, end: datetime) -> Preview:
    """
    Return what an unsaved version measures in [start, end), in the last 100,000 events of that time at most.

    :raises PreviewTakesTooLong: if the database needs more than 5 seconds for a part of it.
    """
    first = _cut(start, end)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [_TIMEOUT])
            found = _preview(version, first, end, is_cut=first > start)
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
            return found
    except OperationalError as error:
        if "statement timeout" not in str(error):
            raise
        raise PreviewTakesTooLong("Reading these events takes too long right now. Choose fewer days.") from None


def _cut(start: datetime, end: datetime) -> datetime:
    """Return the first whole hour after which there are few enough events, found in the index on time."""
    times = Event.objects.filter(time__gte=start, time__lt=end).order_by("-time").values_list("time", flat=True)
    too_early = times[MOST_EVENTS : MOST_EVENTS + 1].first()
    if too_early is None:
        return start
    hour = too_early.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return min(hour, end) if hour < end else too_early


def _preview(version: MeterVersion, start: datetime, end: datetime, *, is_cut: bool) -> Preview:
    def usage(**arguments: object) -> list[UsageRow]:
        return query_usage(version=version, start=start, end=end, from_events_only=True, **arguments)  # type: ignore[arg-type]

    totals = usage()
    return Preview(
        start=start,
        end=end,
        is_cut=is_cut,
        total=totals[0] if totals else None,
        days=usage(window=(WindowSize.DAY, _UTC)),
        groups={key: usage(group_by=[key]) for key in version.group_keys},
        bad=_bad_values(version, matching_events(version=version, start=start, end=end)),
    )


def _bad_values(version: MeterVersion, events: QuerySet[Event]) -> BadValues | None:
    meter = version.meter
    text, parameters = outcome_condition(Outcome.BAD_VALUE, [read_meter(meter)])
    bad = events.filter(RawSQL(text, parameters, output_field=BooleanField()))  # noqa: S611
    count = bad.count()
    newest = bad.first() if count else None
    if newest is None:
        return None
    taken = read_value(aggregation=meter.aggregation, value_property=meter.value_property, data=newest.data)
    return BadValues(count, newest, taken.problem or "")
