"""Files to save: the PDF as stored, and events as rows of a CSV."""

from collections.abc import Iterable, Iterator, Sequence

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from metering.exact_json import encode
from metering.models import Event

# What spreadsheets take for the start of a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_EVENT_COLUMNS = ("time", "type", "subject", "source", "id", "data")


def pdf_response(name: str, content: bytes) -> HttpResponse:
    """Return a PDF to save under a name."""
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name)}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def event_rows(events: Iterable[Event]) -> Iterator[Sequence[str]]:
    """
    Yield a heading and one row an event: its time in UTC, its data as JSON.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    yield _EVENT_COLUMNS
    for event in events:
        texts = (event.type, event.subject, event.source, event.event_id)
        yield (event.time.isoformat(), *(_inert(text) for text in texts), event_data(event))


def event_data(event: Event) -> str:
    """Return the data of an event as compact JSON with every digit that was sent."""
    return "" if event.data is None else encode(event.data).decode()


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
