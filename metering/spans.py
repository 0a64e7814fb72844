"""Pure: ranges of event time, of one subject or of all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Events of a subject (None: of all) in a half-open range of event time; None is open."""

    subject: str | None
    start: datetime | None
    end: datetime | None


def clip_spans(spans: Sequence[Span], start: datetime | None, end: datetime | None) -> tuple[Span, ...]:
    """Cut spans to [start, end), leave out what is empty then, and join those of a subject that touch or overlap."""
    cut = [Span(span.subject, later(span.start, start), earlier(span.end, end)) for span in spans]
    filled = [span for span in cut if span.start is None or span.end is None or span.start < span.end]
    joined: list[Span] = []
    for span in sorted(filled, key=_by_subject_and_start):
        last = joined[-1] if joined else None
        if last and last.subject == span.subject and (last.end is None or span.start is None or span.start <= last.end):
            latest = None if last.end is None or span.end is None else max(last.end, span.end)
            joined[-1] = replace(last, end=latest)
        else:
            joined.append(span)
    return tuple(joined)


def _by_subject_and_start(span: Span) -> tuple[str, bool, datetime]:
    return span.subject or "", span.start is not None, span.start or datetime(1, 1, 1, tzinfo=UTC)


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two starts; None is open."""
    return max(one, other) if one and other else one or other


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two ends; None is open."""
    return min(one, other) if one and other else one or other
