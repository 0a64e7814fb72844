"""How far a usage query is: `/api/v1/info/progress/{id}`, for the id that the client gave the query."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView
from metering.api.schema import info as describe
from metering.identity import text_hash
from metering.models import QueryProgress
from metering.services.progress import advance_query, start_query


class Steps:
    """The steps of one query; a query without a name keeps them to itself."""

    def __init__(self, client_id: str | None, total: int) -> None:
        self._client_id = client_id
        self._left = total
        if client_id is not None:
            start_query(client_id=client_id, total=total, at=clock.now())

    def succeed(self, number: int) -> None:
        self._left -= number
        if self._client_id is not None and number:
            advance_query(client_id=self._client_id, success=number, at=clock.now())

    def fail_rest(self) -> None:
        if self._client_id is not None and self._left:
            advance_query(client_id=self._client_id, failed=self._left, at=clock.now())


@contextmanager
def followed(client_id: str | None, *, total: int) -> Iterator[Steps]:
    """Let others see how many of the steps of a query are done; those that an error leaves undone have failed."""
    steps = Steps(client_id, total)
    try:
        yield steps
    except Exception:
        steps.fail_rest()
        raise


@describe.PROGRESS
class QueryProgressDetail(ApiView):
    def get(self, request: Request, client_id: str) -> Response:
        found = QueryProgress.objects.fresh(clock.now()).filter(client_hash=text_hash(client_id)).first()
        if found is None:
            raise Http404(f"No query named {client_id} ran in the last five minutes. Send it as clientId of a query.")
        return Response(
            {
                "success": found.success,
                "failed": found.failed,
                "total": found.total,
                "updatedAt": found.updated_at,
            }
        )
