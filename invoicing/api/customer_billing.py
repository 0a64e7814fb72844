"""How customers are billed: `/api/v1/billing/customers`."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.profiles import find_profile
from invoicing.api.schema import profiles as describe
from invoicing.models import CustomerBilling
from invoicing.queries.profiles import default_profile, profiles_of
from invoicing.serializers.profiles import (
    CustomerOverrideGetInput,
    CustomerOverrideInput,
    CustomerOverrideListInput,
    override_output,
    query_lists,
)
from invoicing.services.customer_billing import pin_customer, unpin_customer
from invoicing.services.pending_lines import CustomerDeleted
from metering import clock
from metering.api.base import ApiView, page_output
from metering.api.customers import customer_outputs, find_customer, with_subjects
from metering.models import Customer
from metering.models.customer import CustomerQuerySet
from metering.serializers.fields import checked

_ORDER = {
    "customerId": "ulid",
    "customerName": "name",
    "customerKey": "key",
    "customerPrimaryEmail": "primary_email",
    "customerCreatedAt": "created_at",
}
_PARTS = {"customerKey": "key", "customerName": "name", "customerPrimaryEmail": "primary_email"}
_LISTS = ("billingProfile", "customerId", "expand")


@describe.CUSTOMERS
class CustomerBillings(ApiView):
    def get(self, request: Request) -> Response:
        asked = checked(CustomerOverrideListInput, query_lists(request.query_params, _LISTS)).validated_data
        found = with_subjects(_matching(asked))
        return Response(page_output(found, asked, partial(_outputs, expand=asked["expand"])))


@describe.CUSTOMER
class CustomerBillingDetail(ApiView):
    def get(self, request: Request, customer_id: str) -> Response:
        asked = checked(CustomerOverrideGetInput, query_lists(request.query_params, _LISTS)).validated_data
        return Response(_output(find_customer(customer_id), asked["expand"]))

    def put(self, request: Request, customer_id: str) -> Response:
        customer = find_customer(customer_id)
        if customer.deleted_at is not None:
            raise CustomerDeleted(f"Choose a customer that is not deleted instead of {customer.name}.")
        sent = checked(CustomerOverrideInput, request.data).validated_data
        profile = find_profile(sent["billingProfileId"]) if sent["billingProfileId"] else None
        own = {"spend_thresholds": sent["spendThresholds"]} if "spendThresholds" in sent else {}
        pin_customer(customer_id=customer.pk, profile_id=profile.pk if profile else None, at=clock.now(), **own)
        return Response(_output(customer))

    def delete(self, request: Request, customer_id: str) -> Response:
        unpin_customer(customer_id=find_customer(customer_id).pk)
        return Response(status=204)


def _matching(asked: Mapping[str, Any]) -> CustomerQuerySet:
    found = Customer.objects.live()
    for name, field in _PARTS.items():
        if part := asked.get(name):
            found = found.filter(**{f"{field}__icontains": part})
    if ids := asked["customerId"]:
        found = found.filter(ulid__in=ids)
    unpinned = Q(billing=None) | Q(billing__profile=None)
    if profiles := asked["billingProfile"]:
        by_default = unpinned if default_profile().ulid in profiles else Q(pk__in=[])
        found = found.filter(Q(billing__profile__ulid__in=profiles) | by_default)
    if asked["customersWithoutPinnedProfile"]:
        found = found.filter(unpinned)
    if not asked["includeAllCustomers"]:
        found = found.filter(billing__isnull=False)
    direction = "-" if asked["order"] == "DESC" else ""
    return found.order_by(direction + _ORDER[asked["orderBy"]], direction + "pk")


def _output(customer: Customer, expand: Sequence[str] = ()) -> dict[str, Any]:
    return _outputs([customer], expand=expand)[0]


def _outputs(customers: Iterable[Customer], *, expand: Sequence[str]) -> list[dict[str, Any]]:
    customers = list(customers)
    profiles = profiles_of([customer.pk for customer in customers])
    billings = CustomerBilling.objects.filter(customer__in=customers).select_related("profile")
    own = {billing.customer_id: billing for billing in billings}
    members = customer_outputs(customers, expand=()) if "customer" in expand else [None] * len(customers)
    return [
        override_output(
            customer_id=customer.ulid,
            billing=own.get(customer.pk),
            profile=profiles[customer.pk],
            expand=expand,
            customer=member,
        )
        for customer, member in zip(customers, members, strict=True)
    ]
