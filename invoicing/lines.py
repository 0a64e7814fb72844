"""Pure: what a line was computed from, and the one way to price it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from metering.periods import Period
from metering.spans import Span
from pricing.prices import Price
from pricing.proration import share
from pricing.rating import Rated, rate

# A subject's events from one time to another; None is open.


@dataclass(frozen=True)
class LineState:
    """
    What was known of a service period when it was billed, enough to read the same usage again for ever.

    `bound` is the last batch that counted and `spans` say whose events did; a flat fee has neither. `whole` is the
    period before a start or an end of the item cut it.
    """

    period: Period
    whole: Period
    quantity: Decimal
    bound: int | None = None
    spans: tuple[Span, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return plain JSON data: times in ISO 8601 (UTC), the quantity as a string that never uses an exponent."""
        return {
            "from": self.period.start.isoformat(),
            "to": self.period.end.isoformat(),
            "whole_from": self.whole.start.isoformat(),
            "whole_to": self.whole.end.isoformat(),
            "bound": self.bound,
            "spans": [[span.subject, _text(span.start), _text(span.end)] for span in self.spans],
            "quantity": f"{self.quantity:f}",
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "LineState":
        """Read what `to_json` wrote."""
        return cls(
            period=Period(datetime.fromisoformat(data["from"]), datetime.fromisoformat(data["to"])),
            whole=Period(datetime.fromisoformat(data["whole_from"]), datetime.fromisoformat(data["whole_to"])),
            quantity=Decimal(data["quantity"]),
            bound=data["bound"],
            spans=tuple(Span(subject, _time(start), _time(end)) for subject, start, end in data["spans"]),
        )


def rate_line(*, price: Price, name: str, currency: str, before: LineState | None, now: LineState) -> Rated:
    """
    Price the difference between two states of a service period; every amount of a line comes from here.

    A cut period bears its share of a flat price by real seconds; each detailed line rounds once.
    """
    return rate(
        price=price,
        name=name,
        currency=currency,
        before=before.quantity if before else None,
        now=now.quantity,
        part=share(now.period, now.whole),
    )


def spans_within(spans: Iterable[Span], period: Period) -> tuple[Span, ...]:
    """Return those spans that share any time with a period."""
    return tuple(
        span
        for span in spans
        if (span.start is None or span.start < period.end) and (span.end is None or span.end > period.start)
    )


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
