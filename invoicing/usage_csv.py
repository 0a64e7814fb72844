"""What is behind invoice lines as CSV: their usage by day, and the events themselves."""

from collections.abc import Iterable, Iterator, Sequence

from invoicing.csv_export import inert
from invoicing.models import InvoiceLine
from invoicing.queries.explain import usage_by_day
from metering.exact_json import encode
from metering.models import Event

_EVENT_COLUMNS = ("time", "type", "subject", "source", "id", "data")
_USAGE_COLUMNS = ("invoice_number", "position", "item", "feature", "meter", "day", "quantity", "events", "line_id")


def event_rows(events: Iterable[Event]) -> Iterator[Sequence[str]]:
    """
    Yield a heading and one row an event: its time in UTC, its data as JSON.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    yield _EVENT_COLUMNS
    for event in events:
        texts = (event.type, event.subject, event.source, event.event_id)
        yield (event.time.isoformat(), *(inert(text) for text in texts), event_data(event))


def event_data(event: Event) -> str:
    """Return the data of an event as compact JSON with every digit that was sent."""
    return "" if event.data is None else encode(event.data).decode()


def usage_rows(lines: Iterable[InvoiceLine]) -> Iterator[Sequence[str]]:
    """
    Yield a heading and one row for each day on which a line counted usage, as it was known when it was billed.

    Days are those of the invoice's zone. Lines need their invoice, feature and meter.
    """
    yield _USAGE_COLUMNS
    for line in lines:
        if line.meter_version is None:
            continue
        for day, quantity, events in usage_by_day(line):
            yield (
                inert(str(line.invoice)),
                str(line.position + 1),
                inert(line.name),
                inert(line.feature.key if line.feature else ""),
                inert(line.meter_version.meter.slug),
                day.isoformat(),
                f"{quantity:f}",
                str(events),
                line.ulid,
            )
