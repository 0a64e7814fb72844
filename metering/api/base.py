"""What every view of the API shares."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from metering.authentication import principal_of
from metering.errors import DomainError
from metering.history import actor

_Row = TypeVar("_Row", bound=Model)
_REASON_HEADER = "X-Reason"


class UnreadableRequest(DomainError):
    code = "unreadable_request"


class ApiView(APIView):
    """Writes are kept with the key that made them and the reason in the header X-Reason."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        with ExitStack() as self._while_handling:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        _refuse_null_characters(request)
        if request.method not in SAFE_METHODS:
            principal = principal_of(request)
            reason = request.headers.get(_REASON_HEADER, "").strip() or self.default_reason(request)
            self._while_handling.enter_context(
                actor(
                    kind="api_key",
                    name=principal.name,
                    actor_id=principal.api_key_id,
                    reason=reason,
                    url=request.path,
                )
            )

    def default_reason(self, request: Request) -> str:
        """Return the reason of a write whose header gives none."""
        return f"{request.method} {request.path}"


def page_output(
    found: QuerySet[_Row], asked: Mapping[str, Any], outputs: Callable[[Iterable[_Row]], list[dict[str, Any]]]
) -> dict[str, Any]:
    """Return the page of rows that a `PageInput` asks for, with how many rows there are in all."""
    page, size = asked["page"], asked["pageSize"]
    rows = found[(page - 1) * size : page * size]
    return {"items": outputs(rows), "page": page, "pageSize": size, "totalCount": found.count()}


def _refuse_null_characters(request: Request) -> None:
    # PostgreSQL cannot hold them, so nothing that is stored can match.
    texts = [request.path, *(text for pair in request.query_params.lists() for text in (pair[0], *pair[1]))]
    if any("\0" in text for text in texts):
        raise UnreadableRequest("Remove the null character (%00) from the address.")
