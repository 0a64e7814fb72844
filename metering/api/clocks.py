"""Test clocks, which customers are put on who try out billing: `/api/v1/test-clocks`."""

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView, page_output
from metering.api.schema import clocks as describe
from metering.idempotency import idempotent
from metering.models import TestClock
from metering.serializers.clocks import TestClockInput, clock_output
from metering.serializers.fields import PageInput, checked
from metering.services.clocks import create_test_clock


@describe.CLOCKS
class TestClocks(ApiView):
    __test__ = False

    def get(self, request: Request) -> Response:
        asked = checked(PageInput, request.query_params).validated_data
        clocks = TestClock.objects.order_by("pk")
        return Response(page_output(clocks, asked, lambda rows: [clock_output(row) for row in rows]))

    @idempotent()
    def post(self, request: Request) -> Response:
        sent = checked(TestClockInput, request.data).validated_data
        made = create_test_clock(name=sent["name"], now_at=sent["now"], at=clock.now())
        return Response(clock_output(made), status=201)


@describe.CLOCK
class TestClockDetail(ApiView):
    __test__ = False

    def get(self, request: Request, clock_id: str) -> Response:
        return Response(clock_output(find_test_clock(clock_id)))


def find_test_clock(ulid: str) -> TestClock:
    """
    Return the test clock that a path or a body names.

    :raises Http404: if there is none.
    """
    found = TestClock.objects.filter(ulid=ulid).first()
    if found is None:
        raise Http404(f"There is no test clock {ulid}. Name one by its id.")
    return found
