"""CloudEvents from the bytes of a request: what is stored of each, or one sentence that says what to change."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any

import msgspec

from metering.errors import DomainError
from metering.ingest import numbers

MAX_EVENTS = 10_000
# A year off the ends of what Python can count, so that the windows around any event can be counted too.
_EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_NO_DATA = msgspec.Raw(b"null")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_ERROR_PLACE = re.compile(
    r"(?: field `(?P<missing>\w+)`)?(?: - at `\$(?:\[(?P<index>\d+)\])?(?:\.(?P<field>\w+))?.*`)?$"
)
_WHAT_TO_SEND = {
    "id": "a non-empty string that is unique within its source",
    "source": "a non-empty string that names who sends, such as my-service",
    "type": "a non-empty string that names what happened, such as llm_tokens",
    "subject": "a non-empty string that names whose usage this is",
    "specversion": 'the string "1.0", or leave it out',
    "time": "an RFC 3339 time with an offset, such as 2026-01-31T12:00:00Z, in a year from 2 to 9998",
    "datacontenttype": "application/json, or leave it out",
    "data": "a JSON object, or null",
}


class InvalidEvents(DomainError):
    code = "invalid_events"


class NewEvent(msgspec.Struct, gc=False):
    """One valid event as it will be stored; `data` are the very bytes that were sent."""

    key: str
    source: str
    event_id: str
    type: str
    subject: str
    time: datetime
    time_was_sent: bool
    data: msgspec.Raw
    api_key_id: int | None


class _SentEvent(msgspec.Struct, gc=False):
    id: _Text
    source: _Text
    type: _Text
    subject: _Text
    specversion: str | None = None
    time: str | None = None
    datacontenttype: str | None = None
    data: msgspec.Raw = _NO_DATA
    data_base64: Any = None


_decode_one = msgspec.json.Decoder(_SentEvent).decode
_decode_many = msgspec.json.Decoder(list[_SentEvent]).decode


def decode_events(body: bytes, content_type: str | None, *, at: datetime, api_key_id: int | None) -> list[NewEvent]:
    """
    Return the events of a request, in its order; `at` is the time of those that were sent without one.

    :raises InvalidEvents: naming the first event and field that cannot be taken; then none may be stored.
    """
    decode = _decoder_for(content_type, body)
    sent = _decode(decode, body)
    if not sent:
        raise InvalidEvents("Send at least one event.")
    if len(sent) > MAX_EVENTS:
        raise InvalidEvents(f"Send at most {MAX_EVENTS:,} events in one request; this one has {len(sent):,}.")
    is_batch = decode is not _only
    check_text = rb"\u0000" in body
    return [
        _checked(event, index if is_batch else None, check_text, at, api_key_id) for index, event in enumerate(sent)
    ]


def _only(body: bytes) -> list[_SentEvent]:
    return [_decode_one(body)]


def _decoder_for(content_type: str | None, body: bytes) -> Callable[[bytes], list[_SentEvent]]:
    media_type, _, parameters = (content_type or "").partition(";")
    _check_charset(parameters)
    is_array = body.lstrip()[:1] == b"["
    match media_type.strip().lower():
        case "application/json":
            return _decode_many if is_array else _only
        case "application/cloudevents+json":
            if is_array:
                raise InvalidEvents("Send an array of events as Content-Type: application/cloudevents-batch+json.")
            return _only
        case "application/cloudevents-batch+json":
            if not is_array and body.lstrip()[:1] == b"{":
                raise InvalidEvents("Send a single event as Content-Type: application/cloudevents+json.")
            return _decode_many
    raise InvalidEvents(
        "Send events as Content-Type: application/cloudevents+json (one), application/cloudevents-batch+json "
        "(an array) or application/json (either)."
    )


def _check_charset(parameters: str) -> None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8", "us-ascii"}:
            raise InvalidEvents("Send events in UTF-8.")


def _decode(decode: Callable[[bytes], list[_SentEvent]], body: bytes) -> list[_SentEvent]:
    try:
        if not body.isascii():
            body.decode()
        return decode(body)
    except msgspec.ValidationError as error:
        raise _explained(error) from None
    except RecursionError:
        raise InvalidEvents(
            "The body is nested too deeply. Send data that is at most a few hundred levels deep."
        ) from None
    except UnicodeDecodeError as error:
        raise InvalidEvents(f"The body is not UTF-8 at byte {error.start}. Send JSON in UTF-8.") from None
    except msgspec.DecodeError as error:
        raise InvalidEvents(f"The body cannot be read as JSON: {_readable(error, body)}. Send valid JSON.") from None


def _readable(error: msgspec.DecodeError, body: bytes) -> str:
    # msgspec calls half a surrogate pair a truncated document.
    if "truncated" in str(error) and re.search(rb"\\u[dD][89a-fA-F]", body):
        return "it ends too early, or a \\u escape is half a surrogate pair"
    return str(error).removeprefix("JSON is malformed: ")


def _explained(error: msgspec.ValidationError) -> InvalidEvents:
    place = _ERROR_PLACE.search(str(error))
    found = place.groupdict() if place else {}
    index = int(found["index"]) if found.get("index") else None
    field = found.get("missing") or found.get("field")
    if field is None:
        return InvalidEvents(f"{_name(index)} is not a JSON object. Send each event as an object.")
    return _refusal(index, field, is_missing=bool(found.get("missing")))


def _refusal(index: int | None, field: str, *, is_missing: bool = False, instead: str = "") -> InvalidEvents:
    what = instead or f"{'is missing' if is_missing else 'is wrong'}: send {_WHAT_TO_SEND[field]}"
    message = f"{_name(index)}: {field} {what}."
    path = f"$.{field}" if index is None else f"$[{index}].{field}"
    return InvalidEvents(
        message, extensions={"validationErrors": [{"code": "invalid_event", "field": path, "message": message}]}
    )


def _name(index: int | None) -> str:
    return "The event" if index is None else f"Event {index} (counted from 0)"


def _checked(sent: _SentEvent, index: int | None, check_text: bool, at: datetime, api_key_id: int | None) -> NewEvent:
    if check_text:
        _check_no_nul(sent, index)
    if sent.specversion is not None and not sent.specversion.startswith("1."):
        raise _refusal(index, "specversion")
    if sent.datacontenttype is not None:
        _check_data_content_type(sent.datacontenttype, index)
    if sent.data_base64 is not None:
        raise _refusal(index, "data_base64", instead="cannot be read: send data as a JSON object")
    data = sent.data
    if data is not _NO_DATA:
        _check_data(bytes(data), index)
    return NewEvent(
        event_key_hex(sent.source, sent.id),
        sent.source,
        sent.id,
        sent.type,
        sent.subject,
        at if sent.time is None else _parse_time(sent.time, index),
        sent.time is not None,
        data,
        api_key_id,
    )


def event_key_hex(source: str, event_id: str) -> str:
    """Return `metering.identity.event_key` as 32 hexadecimal digits, made for millions of calls."""
    first, second = source.encode(), event_id.encode()
    return blake2b(
        len(first).to_bytes(4, "big") + first + len(second).to_bytes(4, "big") + second, digest_size=16
    ).hexdigest()


def _check_no_nul(sent: _SentEvent, index: int | None) -> None:
    for field in ("id", "source", "type", "subject"):
        if "\x00" in getattr(sent, field):
            raise _refusal(index, field, instead="holds the character \\u0000: send it without")
    if numbers.holds_nul(bytes(sent.data)):
        raise _refusal(index, "data", instead="holds the character \\u0000: send it without")


def _check_data_content_type(text: str, index: int | None) -> None:
    if text.partition(";")[0].strip().lower() != "application/json":
        raise _refusal(index, "datacontenttype")


def _check_data(data: bytes, index: int | None) -> None:
    if data[:1] != b"{" and data != b"null":
        raise _refusal(index, "data")
    if numbers.may_be_too_long(data) and numbers.has_too_long_number(data):
        raise _refusal(
            index, "data", instead=f"holds a number of more than {numbers.MAX_DIGITS:,} digits: send a shorter one"
        )


def _parse_time(text: str, index: int | None) -> datetime:
    if _TIME.fullmatch(text) is None:
        raise _refusal(index, "time")
    try:
        # Digits past the microsecond are cut, not rounded: a rounded time may fall into the next day.
        time = datetime.fromisoformat(text.upper())
        time = time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refusal(index, "time") from None
    if not _EARLIEST <= time < _LATEST:
        raise _refusal(index, "time")
    return time
