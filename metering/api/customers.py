"""Customers: `/api/v1/customers`."""

from typing import Any

from django.db.models import Prefetch, Q
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView
from metering.idempotency import idempotent
from metering.models import Customer, SubjectLink
from metering.models.customer import CustomerQuerySet
from metering.serializers.customers import CustomerInput, CustomerListInput, customer_output
from metering.serializers.fields import checked
from metering.services.customers import change_customer, create_customer, delete_customer

_ORDER = {"id": "ulid", "name": "name", "createdAt": "created_at"}


class Customers(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        body = checked(CustomerInput, request.data)
        customer = create_customer(**body.values(), at=clock.now())
        return Response(_output(customer), status=201)

    def get(self, request: Request) -> Response:
        query = checked(CustomerListInput, request.query_params)
        asked = query.validated_data
        found = _matching(asked)
        start = (asked["page"] - 1) * asked["pageSize"]
        page = _with_subjects(found)[start : start + asked["pageSize"]]
        return Response(
            {
                "items": [_output(customer) for customer in page],
                "page": asked["page"],
                "pageSize": asked["pageSize"],
                "totalCount": found.count(),
            }
        )


class CustomerDetail(ApiView):
    def get(self, request: Request, id_or_key: str) -> Response:
        return Response(_output(_find(id_or_key)))

    def put(self, request: Request, id_or_key: str) -> Response:
        customer = _find(id_or_key)
        body = checked(CustomerInput, request.data)
        return Response(_output(change_customer(customer_id=customer.pk, at=clock.now(), **body.values())))

    def delete(self, request: Request, id_or_key: str) -> Response:
        delete_customer(customer_id=_find(id_or_key).pk, at=clock.now())
        return Response(status=204)


def _matching(asked: dict[str, Any]) -> CustomerQuerySet:
    found = Customer.objects.all() if asked["includeDeleted"] else Customer.objects.live()
    for field, value in [("key", "key"), ("name", "name"), ("primary_email", "primaryEmail")]:
        if value in asked:
            found = found.filter(**{f"{field}__icontains": asked[value]})
    if "subject" in asked:
        links = SubjectLink.objects.known_at(None).filter(to_at=None, subject__key__icontains=asked["subject"])
        found = found.filter(pk__in=links.values("customer"))
    direction = "-" if asked["order"] == "DESC" else ""
    return found.order_by(direction + _ORDER[asked["orderBy"]], direction + "pk")


def _with_subjects(customers: CustomerQuerySet) -> CustomerQuerySet:
    current = SubjectLink.objects.known_at(None).filter(to_at=None).select_related("subject").order_by("pk")
    return customers.prefetch_related(Prefetch("subject_links", queryset=current, to_attr="current_links"))


def _find(id_or_key: str) -> Customer:
    # A deleted customer is found by its id alone: its key may be another's by now.
    named = Customer.objects.by_id_or_key(id_or_key).filter(Q(deleted_at=None) | Q(ulid=id_or_key))
    customer = _with_subjects(named).order_by("pk").first()
    if customer is None:
        raise Http404(f"There is no customer {id_or_key}. Name one by its id or key.")
    return customer


def _output(customer: Customer) -> dict[str, Any]:
    links = getattr(customer, "current_links", None)
    if links is None:
        links = _with_subjects(Customer.objects.filter(pk=customer.pk)).get().current_links  # type: ignore[attr-defined]
    return customer_output(customer, subject_keys=[link.subject.key for link in links])
