"""Pure: events in the text format of PostgreSQL's COPY."""

from metering.ingest.decode import NewEvent

COLUMNS = "key, time, time_was_sent, api_key_id, batch_id, source, event_id, type, subject, data"
_NULL = "\\N"
_NULL_DATA = b"null"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_line(event: NewEvent, batch_id: int) -> str:
    """Return the line of an event in COLUMNS, with its end."""
    raw = bytes(event.data)
    data = None if raw == _NULL_DATA else raw.decode()
    texts = (event.source, event.event_id, event.type, event.subject, *([] if data is None else [data]))
    columns = "\t".join(texts)
    # Looked at all at once, as hardly any text holds one of these.
    if columns.count("\t") >= len(texts) or "\\" in columns or "\n" in columns or "\r" in columns:
        columns = "\t".join([text.translate(_ESCAPES) for text in texts])
    if data is None:
        columns += f"\t{_NULL}"
    api_key = _NULL if event.api_key_id is None else event.api_key_id
    sent = "t" if event.time_was_sent else "f"
    return f"{event.key}\t{event.time.isoformat()}\t{sent}\t{api_key}\t{batch_id}\t{columns}\n"
