"""Events: `/api/v1/events`, and what runs for it where the ingestion lane does not."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView
from metering.authentication import principal_of
from metering.errors import DomainError
from metering.ingest.decode import decode_events
from metering.ingest.writer import store_events
from metering.models import Customer, Event, Scope
from metering.queries.events import owners_of
from metering.queries.usage import customer_spans
from metering.serializers.fields import InstantField

_DEFAULT_SPAN = timedelta(days=32)
_MOST_EVENTS = 100


class UnknownCustomer(DomainError):
    code = "unknown_customer"


class EventListInput(serializers.Serializer[Any]):
    id = serializers.CharField(required=False, help_text="A part of the event's id.")
    subject = serializers.CharField(required=False, trim_whitespace=False)
    to = InstantField(required=False)
    ingestedAtFrom = InstantField(required=False)
    ingestedAtTo = InstantField(required=False)
    customerId = serializers.ListField(child=serializers.CharField(), required=False)
    limit = serializers.IntegerField(min_value=1, max_value=_MOST_EVENTS, default=_MOST_EVENTS)

    def get_fields(self) -> dict[str, Any]:
        # A keyword cannot be the name of an attribute.
        return {"from": InstantField(required=False), **super().get_fields()}


class Events(ApiView):
    @property
    def required_scope(self) -> Scope:
        """Ask for `ingest` to write, `read` to read."""
        return Scope.INGEST if self.request.method == "POST" else Scope.READ

    def post(self, request: Request) -> Response:
        at = clock.now()
        events = decode_events(
            request.body, request.META.get("CONTENT_TYPE"), at=at, api_key_id=principal_of(request).api_key_id
        )
        store_events(events, at=at)
        return Response(status=204)

    def get(self, request: Request) -> Response:
        query = EventListInput(data=request.query_params)
        query.is_valid(raise_exception=True)
        events = list(_chosen(query.validated_data, clock.now())[: query.validated_data["limit"]])
        owners = owners_of(events)
        return Response([_output(event, owners.get(event.key)) for event in events])


def _chosen(asked: dict[str, Any], now: datetime) -> QuerySet[Event]:
    events = Event.objects.filter(time__gte=asked.get("from", now - _DEFAULT_SPAN))
    conditions = {
        "to": "time__lt",
        "id": "event_id__contains",
        "subject": "subject",
        "ingestedAtFrom": "batch__received_at__gte",
        "ingestedAtTo": "batch__received_at__lt",
    }
    events = events.filter(**{condition: asked[name] for name, condition in conditions.items() if name in asked})
    if asked.get("customerId"):
        events = events.filter(_of_customers(asked["customerId"]))
    return events.select_related("batch").order_by("-time", "key")


def _of_customers(public_ids: list[str]) -> Q:
    chosen = Q(pk__in=[])
    for public_id in public_ids:
        customer = Customer.objects.filter(ulid=public_id).first()
        if customer is None:
            raise UnknownCustomer(f"There is no customer with the id {public_id}.")
        for span in customer_spans(customer_id=customer.pk):
            condition = Q(subject=span.subject)
            if span.start is not None:
                condition &= Q(time__gte=span.start)
            if span.end is not None:
                condition &= Q(time__lt=span.end)
            chosen |= condition
    return chosen


def _output(event: Event, customer: Customer | None) -> dict[str, Any]:
    sent = {
        "id": event.event_id,
        "source": event.source,
        "specversion": "1.0",
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
    }
    if event.data is not None:
        sent["data"] = event.data
    received_at = event.batch.received_at
    members = {"event": sent, "ingestedAt": received_at, "storedAt": received_at}
    return members if customer is None else members | {"customerId": customer.ulid}
