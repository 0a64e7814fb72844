"""Events: `/api/v1/events` and `/api/v2/events`, and what runs for ingestion where its lane does not."""

import re
from datetime import datetime, timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView
from metering.api.schema import events as describe
from metering.authentication import principal_of
from metering.event_sql import EventSelection
from metering.filter_string import FilterString, parse_filter
from metering.filter_time import between
from metering.ingest.decode import NewEvent, decode_events
from metering.ingest.writer import WriteResult, store_events
from metering.models import Event, Scope
from metering.queries.events import cursor_of, page_of_events, place_of, spans_of
from metering.queries.stored import receipts_of
from metering.queries.verdicts import verdicts_of
from metering.serializers.events import EventListInput, EventPageFilter, EventPageInput, event_output, receipt_output
from metering.serializers.fields import checked

_DEFAULT_SPAN = timedelta(days=32)
_PREFERENCE = re.compile(r'(?:^|[,;])\s*return\s*=\s*"?(representation|minimal)"?\s*(?=$|[,;])', re.IGNORECASE)


@describe.EVENTS
class Events(ApiView):
    @property
    def required_scope(self) -> Scope:
        """Ask for `ingest` to write, `read` to read."""
        return Scope.INGEST if self.request.method == "POST" else Scope.READ

    def post(self, request: Request) -> Response:
        at = clock.now()
        principal = principal_of(request)
        events = decode_events(request.body, request.META.get("CONTENT_TYPE"), at=at, api_key_id=principal.api_key_id)
        written = store_events(events, at=at)
        preference = _preference(request)
        if preference != "representation":
            return Response(status=204, headers=_applied(preference))
        body = _represented(events, written, may_read=principal.allows(Scope.READ))
        return Response(body, headers=_applied(preference))

    def get(self, request: Request) -> Response:
        asked = checked(EventListInput, request.query_params).validated_data
        return Response(_outputs(page_of_events(_selection(asked, clock.now()), limit=asked["limit"])))


@describe.EVENT_PAGES
class EventPages(ApiView):
    """The cursor list: walking it shows each event that was there at the start once, however many come meanwhile."""

    def get(self, request: Request) -> Response:
        asked = checked(EventPageInput, request.query_params).validated_data
        events = page_of_events(
            _filtered(_read_filter(asked.get("filter", {}))),
            limit=asked["limit"],
            after=place_of(asked["cursor"]) if "cursor" in asked else None,
        )
        page: dict[str, Any] = {"items": _outputs(events)}
        if len(events) == asked["limit"]:
            page["nextCursor"] = cursor_of(events[-1])
        return Response(page)


def _outputs(events: list[Event]) -> list[dict[str, Any]]:
    verdicts = verdicts_of(events)
    return [event_output(event, verdicts[event.key]) for event in events]


# --- What is asked for ---------------------------------------------------------------------------------------------


def _selection(asked: dict[str, Any], now: datetime) -> EventSelection:
    return EventSelection(
        spans=spans_of(
            customer_ids=asked.get("customerId"), subjects=[asked["subject"]] if "subject" in asked else None
        ),
        texts={"id": _containing(asked["id"])} if "id" in asked else {},
        time=between(asked["from"] or now - _DEFAULT_SPAN, asked["to"]),
        received=between(asked.get("ingestedAtFrom"), asked.get("ingestedAtTo")),
    )


def _containing(part: str) -> FilterString:
    escaped = re.sub(r"([\\%_])", r"\\\1", part)
    return parse_filter({"$like": f"%{escaped}%"}, depth=0)


def _read_filter(raw: dict[str, Any]) -> dict[str, Any]:
    return checked(EventPageFilter, raw).validated_data | {"subjects": _named_subjects(raw)}


def _named_subjects(raw: dict[str, Any]) -> list[str] | None:
    """Return the subjects that a filter names one by one, which are found by index."""
    stated = {name: value for name, value in (raw.get("subject") or {}).items() if value is not None}
    match stated:
        case {"$eq": subject}:
            return [subject]
        case {"$in": subjects}:
            return subjects
    return None


def _filtered(asked: dict[str, Any]) -> EventSelection:
    customers = asked.get("customerId")
    return EventSelection(
        spans=spans_of(customer_ids=customers["$in"] if customers else None, subjects=asked["subjects"]),
        texts={name: asked[name] for name in ("id", "source", "type", "subject") if name in asked},
        time=asked.get("time"),
        received=asked.get("ingestedAt"),
    )


# --- What is answered to those who write ---------------------------------------------------------------------------


def _preference(request: Request) -> str | None:
    found = _PREFERENCE.search(request.headers.get("Prefer", ""))
    return found[1].lower() if found else None


def _applied(preference: str | None) -> dict[str, str] | None:
    return {"Preference-Applied": f"return={preference}"} if preference else None


def _represented(events: list[NewEvent], written: WriteResult, *, may_read: bool) -> list[dict[str, Any]]:
    receipts = receipts_of(events, batch_id=written.batch_id)
    verdicts = verdicts_of({receipt.stored.key: receipt.stored for receipt in receipts}.values())
    return [receipt_output(receipt, verdicts[receipt.stored.key], may_read=may_read) for receipt in receipts]
