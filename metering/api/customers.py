"""Customers: `/api/v1/customers`."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.db.models import Prefetch, Q
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView, page_output
from metering.api.clocks import find_test_clock
from metering.api.schema import customers as describe
from metering.idempotency import idempotent
from metering.models import Customer, SubjectLink
from metering.models.customer import CustomerQuerySet
from metering.queries.subscriptions import subscriptions
from metering.serializers.customers import CustomerGetInput, CustomerInput, CustomerListInput, customer_output
from metering.serializers.fields import checked
from metering.services.customers import change_customer, create_customer, delete_customer

_ORDER = {"id": "ulid", "name": "name", "createdAt": "created_at"}
_PARTS = {"key": "key", "name": "name", "primaryEmail": "primary_email"}


@describe.CUSTOMERS
class Customers(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        body = checked(CustomerInput, request.data)
        clock_id = body.validated_data.get("testClockId")
        test_clock = find_test_clock(clock_id) if clock_id else None
        customer = create_customer(**body.values(), test_clock=test_clock, at=clock.now())
        return Response(_output(customer), status=201)

    def get(self, request: Request) -> Response:
        asked = checked(CustomerListInput, request.query_params).validated_data
        found = with_subjects(_matching(asked))
        return Response(page_output(found, asked, partial(customer_outputs, expand=asked["expand"])))


@describe.CUSTOMER
class CustomerDetail(ApiView):
    def get(self, request: Request, id_or_key: str) -> Response:
        asked = checked(CustomerGetInput, request.query_params).validated_data
        return Response(_output(find_customer(id_or_key), expand=asked["expand"]))

    def put(self, request: Request, id_or_key: str) -> Response:
        customer = find_customer(id_or_key)
        body = checked(CustomerInput, request.data)
        return Response(_output(change_customer(customer_id=customer.pk, at=clock.now(), **body.values())))

    def delete(self, request: Request, id_or_key: str) -> Response:
        delete_customer(customer_id=find_customer(id_or_key).pk, at=clock.now())
        return Response(status=204)


def _matching(asked: dict[str, Any]) -> CustomerQuerySet:
    found = Customer.objects.all() if asked["includeDeleted"] else Customer.objects.live()
    for name, field in _PARTS.items():
        if part := asked.get(name):
            found = found.filter(**{f"{field}__icontains": part})
    if part := asked.get("subject"):
        links = SubjectLink.objects.known_at(None).in_force(clock.now()).filter(subject__key__icontains=part)
        found = found.filter(pk__in=links.values("customer"))
    if plan_key := asked.get("planKey"):
        found = found.filter(pk__in=subscriptions().customers_on(plan_key, at=clock.now()).values("pk"))
    direction = "-" if asked["order"] == "DESC" else ""
    return found.order_by(direction + _ORDER[asked["orderBy"]], direction + "pk")


def with_subjects(customers: CustomerQuerySet) -> CustomerQuerySet:
    """Return customers that know their clock and their subjects, as `customer_outputs` needs."""
    current = SubjectLink.objects.known_at(None).in_force(clock.now())
    links = Prefetch(
        "subject_links", queryset=current.select_related("subject").order_by("pk"), to_attr="current_links"
    )
    return customers.select_related("test_clock").prefetch_related(links)


def find_customer(id_or_key: str) -> Customer:
    """
    Return the customer that a request names; a deleted one is found by its id alone, as its key may be another's.

    :raises Http404: if there is none.
    """
    named = Customer.objects.by_id_or_key(id_or_key).filter(Q(deleted_at=None) | Q(ulid=id_or_key))
    customer = with_subjects(named).order_by("pk").first()
    if customer is None:
        raise Http404(f"There is no customer {id_or_key}. Name one by its id or key.")
    return customer


def _output(customer: Customer, *, expand: Sequence[str] = ()) -> dict[str, Any]:
    if not hasattr(customer, "current_links"):
        customer = with_subjects(Customer.objects.filter(pk=customer.pk)).get()
    return customer_outputs([customer], expand=expand)[0]


def customer_outputs(customers: Iterable[Customer], *, expand: Sequence[str]) -> list[dict[str, Any]]:
    """Return customers as the API shows them."""
    customers = list(customers)
    running = subscriptions().live({customer.pk: clock.now(customer) for customer in customers})
    return [
        customer_output(
            customer,
            subject_keys=[link.subject.key for link in customer.current_links],  # type: ignore[attr-defined]
            subscriptions=running.get(customer.pk, ()),
            expand="subscriptions" in expand,
        )
        for customer in customers
    ]
