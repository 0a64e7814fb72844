"""Pure: ISO 8601 durations, signed, and stepping by them in a zone's civil time."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from metering.errors import DomainError
from metering.periods import add_months

# Libraries that read durations turn 24 hours into a day, which is not the same where clocks change.
_FORM = re.compile(
    r"([+-])?P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII
)


class InvalidDuration(DomainError):
    code = "duration_invalid"


@dataclass(frozen=True)
class Duration:
    """Months and days of the calendar and seconds of real time, each of them signed; added part by part."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    def __add__(self, other: "Duration") -> "Duration":
        return Duration(self.months + other.months, self.days + other.days, self.seconds + other.seconds)

    def __sub__(self, other: "Duration") -> "Duration":
        return Duration(self.months - other.months, self.days - other.days, self.seconds - other.seconds)

    def __bool__(self) -> bool:
        return any((self.months, self.days, self.seconds))


NO_TIME = Duration()


def parse_duration(text: str) -> Duration:
    """
    Read an ISO 8601 duration in whole numbers, such as `P1M`, `P14D`, `PT1H` or `-P1W`.

    :raises InvalidDuration: if it is none.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidDuration(f"Write {text!r} as an ISO 8601 duration in whole numbers, such as P1M.")
    sign = -1 if found[1] == "-" else 1
    years, months, weeks, days, hours, minutes, seconds = (sign * int(part or 0) for part in found.groups()[1:])
    return Duration(years * 12 + months, weeks * 7 + days, (hours * 60 + minutes) * 60 + seconds)


def step(start: datetime, by: Duration, zone: ZoneInfo) -> datetime:
    """
    Return the instant in UTC that lies a duration after `start`: calendar parts first, at the wall time of `start`.

    A day that the month lacks becomes its last day; a wall time that a clock change skips moves forward by the length
    of the change, of one that occurs twice the first counts. To stay sticky, always step from one start.

    :raises InvalidDuration: if it leads out of the years 1 to 9999.
    """
    try:
        at = _civil(start, by, zone) if by.months or by.days else start.astimezone(UTC)
        return at + timedelta(seconds=by.seconds)
    except (OverflowError, ValueError) as error:
        raise InvalidDuration(f"Use a shorter duration: from {start.isoformat()} it leaves the calendar.") from error


def _civil(start: datetime, by: Duration, zone: ZoneInfo) -> datetime:
    wall = start.astimezone(zone).replace(tzinfo=None, fold=0)
    wall = add_months(wall, by.months) + timedelta(days=by.days)
    return wall.replace(tzinfo=zone).astimezone(UTC)
