"""Errors as RFC 7807 problems, of the exact content type that OpenMeter's clients look for."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from ulid import ULID

from metering.errors import DomainError

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
API_PREFIX = "/api/"


class ClientErrorsAtInfo(logging.Filter):
    """Has refusals of the API logged at INFO: the client was told, and nobody who runs the server can mend it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lower such a record, and drop it where that level is not logged."""
        request, status = getattr(record, "request", None), getattr(record, "status_code", 0)
        if request is None or not request.path.startswith(API_PREFIX) or not 400 <= status < 500:
            return True
        record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
        return logging.getLogger(record.name).isEnabledFor(logging.INFO)


def problem(
    status: int,
    detail: str,
    title: str | None = None,
    extensions: Mapping[str, object] | None = None,
    instance: str | None = None,
) -> dict[str, object]:
    """Return the members of a problem; without detail or extensions these are left out."""
    members: dict[str, object] = {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "instance": instance or f"urn:request:{ULID()}",
    }
    if detail:
        members["detail"] = detail
    if extensions:
        members["extensions"] = dict(extensions)
    return members


def problem_bytes(
    status: int,
    detail: str,
    title: str | None = None,
    extensions: Mapping[str, object] | None = None,
    instance: str | None = None,
) -> bytes:
    """Return a problem as JSON, for servers without Django's responses."""
    return msgspec.json.encode(problem(status, detail, title, extensions, instance))


def problem_headers(status: int) -> dict[str, str]:
    """Return the headers that a status asks for: a 401 says how to authenticate, a 503 when to come back."""
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return {"Content-Type": CONTENT_TYPE, "WWW-Authenticate": "Bearer"}
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return {"Content-Type": CONTENT_TYPE, "Retry-After": str(RETRY_AFTER_SECONDS)}
    return {"Content-Type": CONTENT_TYPE}


def problem_response(status: int, detail: str, extensions: Mapping[str, object] | None = None) -> HttpResponse:
    """Return a problem as a response."""
    return HttpResponse(
        problem_bytes(status, detail, extensions=extensions), status=status, headers=problem_headers(status)
    )


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Answer an anticipated error of an API view; None lets any other one rise to Django, which logs it."""
    match error:
        case DomainError():
            return problem_response(error.status, error.message, {"code": error.code, **error.extensions})
        case exceptions.ValidationError():
            return _invalid(error)
        case exceptions.MethodNotAllowed():
            return _method_not_allowed(context["request"].method, context["view"].allowed_methods)
        case exceptions.APIException():
            return _refused(error)
        case OperationalError() | InterfaceError():
            logger.error("The database could not answer %s.", context["request"].path, exc_info=error)
            return problem_response(503, "The database cannot be reached. Send the request again in a few seconds.")
    return _of_django(error)


def _of_django(error: Exception) -> HttpResponse | None:
    match error:
        case RequestDataTooBig():
            return problem_response(413, "The body is over the limit of this server. Send it in smaller parts.")
        case Http404():
            return problem_response(404, str(error) or "There is nothing at this address.")
        case PermissionDenied():
            return problem_response(403, str(error) or "This key may not do that.")
    return None


def _refused(error: exceptions.APIException) -> HttpResponse:
    if isinstance(error, exceptions.UnsupportedMediaType):
        # OpenMeter answers 400 here, and its clients know no 415.
        return problem_response(400, "Send the body as JSON, with the header Content-Type: application/json.")
    return problem_response(error.status_code, str(error.detail))


def _method_not_allowed(method: str, allowed: Sequence[str]) -> HttpResponse:
    served = [verb for verb in allowed if verb not in ("HEAD", "OPTIONS")]
    return problem_response(405, f"{method} is not served here. Send {' or '.join(served)}.")


def _invalid(error: exceptions.ValidationError) -> HttpResponse:
    found = list(_flatten(error.detail, "$"))
    sentences = [f"{field.removeprefix('$.')}: {detail}" if field != "$" else str(detail) for field, detail in found]
    issues = [{"code": detail.code, "field": field, "message": str(detail)} for field, detail in found]
    return problem_response(400, " ".join(sentences), {"validationErrors": issues})


def _flatten(detail: Any, path: str) -> Iterator[tuple[str, exceptions.ErrorDetail]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _flatten(inner, path if name == "non_field_errors" else _step(path, name))
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for inner in detail:
            yield from _flatten(inner, path)
    else:
        yield path, detail


def _step(path: str, name: Any) -> str:
    return f"{path}[{name}]" if isinstance(name, int) else f"{path}.{name}"


# --- What Django answers outside of API views ----------------------------------------------------------------------


@csrf_exempt
def unknown_route(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer any path under the API that no view serves."""
    return problem_response(404, f"There is nothing at {request.path}. Check the path; it has no trailing slash.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: a problem under the API, a page elsewhere."""
    if not request.path.startswith(API_PREFIX):
        return defaults.bad_request(request, exception)
    if isinstance(exception, SuspiciousOperation) and str(exception):
        return problem_response(400, str(exception))
    return problem_response(400, "The request could not be read.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a problem without detail under the API, a page elsewhere; Django has logged the error."""
    if not request.path.startswith(API_PREFIX):
        return defaults.server_error(request)
    return problem_response(500, "")
