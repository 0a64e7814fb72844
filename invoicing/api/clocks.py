"""Move test clocks, and bill who is on them: `/api/v1/test-clocks/{id}/advance`."""

from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.schema import clocks as describe
from invoicing.services.billing_run import advance_test_clock
from metering import clock
from metering.api.base import ApiView
from metering.api.clocks import find_test_clock
from metering.models import Customer
from metering.serializers.clocks import TestClockMoveInput, clock_output
from metering.serializers.fields import checked


@describe.MOVE
class TestClockMove(ApiView):
    __test__ = False

    def post(self, request: Request, clock_id: str) -> Response:
        to = checked(TestClockMoveInput, request.data).validated_data["to"]
        moved = find_test_clock(clock_id)
        run = advance_test_clock(clock_id=moved.pk, to=to, at=clock.now())
        moved.refresh_from_db()
        ids = Customer.objects.in_bulk([failure["customer_id"] for failure in run.failures])
        parked = [
            {"customerId": ids[failure["customer_id"]].ulid, "reason": failure["reason"]} for failure in run.failures
        ]
        return Response({**clock_output(moved), "invoices": run.invoices, "parked": parked})
