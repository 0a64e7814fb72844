"""Pure: events in the text format of PostgreSQL's COPY."""

from metering.ingest.decode import NewEvent

COLUMNS = "key, time, time_was_sent, api_key_id, batch_id, source, event_id, type, subject, data"
_NULL = "\\N"
_NULL_DATA = "null"
# Between the five texts.
_TABS = 4
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_line(event: NewEvent, batch_id: int) -> str:
    """Return the line of an event in COLUMNS, with its end."""
    data = bytes(event.data).decode()
    texts = f"{event.source}\t{event.event_id}\t{event.type}\t{event.subject}\t{data}"
    # Looked at all at once, as hardly any text holds one of these.
    if texts.count("\t") > _TABS or "\\" in texts or "\n" in texts or "\r" in texts or data == _NULL_DATA:
        texts = _escaped(event, data)
    api_key = _NULL if event.api_key_id is None else event.api_key_id
    sent = "t" if event.time_was_sent else "f"
    return f"{event.key}\t{event.time.isoformat()}\t{sent}\t{api_key}\t{batch_id}\t{texts}\n"


def _escaped(event: NewEvent, data: str) -> str:
    texts = [text.translate(_ESCAPES) for text in (event.source, event.event_id, event.type, event.subject, data)]
    if data == _NULL_DATA:
        texts[-1] = _NULL
    return "\t".join(texts)
