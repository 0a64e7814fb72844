"""A customer's subscriptions: `/api/v1/customers/{}/subscriptions`."""

from functools import partial

from django.db.models import F
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView, page_output
from metering.api.customers import find_customer
from metering.serializers.fields import checked
from pricing.api.schema import subscriptions as describe
from pricing.models import Subscription
from pricing.serializers.subscription_inputs import CustomerSubscriptionsInput
from pricing.serializers.subscriptions import subscription_outputs

_ORDER = {"activeFrom": "active_from", "activeTo": "active_to"}


@describe.CUSTOMER_SUBSCRIPTIONS
class CustomerSubscriptionList(ApiView):
    def get(self, request: Request, id_or_key: str) -> Response:
        asked = checked(CustomerSubscriptionsInput, request.query_params).validated_data
        customer = find_customer(id_or_key)
        at = clock.now(customer)
        found = Subscription.objects.with_neighbours().filter(customer=customer)
        if asked["status"]:
            found = found.in_status(asked["status"], at)
        column = F(_ORDER[asked["orderBy"]])
        # One that does not end comes after those that do.
        order = column.desc(nulls_first=True) if asked["order"] == "DESC" else column.asc(nulls_last=True)
        return Response(page_output(found.order_by(order, "pk"), asked, partial(subscription_outputs, at=at)))
