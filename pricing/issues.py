"""Pure: one thing that is wrong with what somebody gave, in OpenMeter's words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pricing.durations import InvalidDuration, parse_duration

_HOUR = 3600
_LONGEST = 32


@dataclass(frozen=True)
class Issue:
    """
    One thing that is wrong: OpenMeter's code where there is one, what to change, and where (JSONPath).

    A draft may be kept with it unless it `is_critical`; nothing is published with any.
    """

    code: str
    message: str
    field: str
    is_critical: bool = False

    def under(self, path: str, whose: str = "") -> "Issue":
        """Return the same issue seen from further up: `path` comes before its own, `whose` before its message."""
        return replace(self, field=path + self.field, message=whose + self.message)

    def as_json(self) -> dict[str, str]:
        """Return the shape of OpenMeter's `validationErrors`."""
        return {"code": self.code, "message": self.message, "field": self.field}


def issues_as_json(issues: Sequence[Issue]) -> list[dict[str, str]] | None:
    """Return OpenMeter's `validationErrors`, null for none."""
    return [issue.as_json() for issue in issues] or None


def length_issues(text: object, *, what: str, code: str, field: str) -> Iterator[Issue]:
    """Yield what is wrong with a duration that has to last an hour at least; `code` is that of a shorter one."""
    written = str(text)
    try:
        if len(written) > _LONGEST:
            raise InvalidDuration(f"Write a duration in at most {_LONGEST} characters, such as P1M.")
        duration = parse_duration(written)
    except InvalidDuration as error:
        yield Issue("duration_invalid", error.message, field, is_critical=True)
        return
    if duration.months <= 0 and duration.days <= 0 and duration.seconds < _HOUR:
        yield Issue(code, f"Make the {what} at least an hour long.", field)
