"""One operation of the document, with the problems that every operation may answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from metering.problems import CONTENT_TYPE
from metering.serializers.problems import ProblemOutput

JSON = "application/json"
ULID_PATTERN = r"^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$"
PORTAL_TOKEN = "PortalTokenAuth"  # noqa: S105 (the name of a scheme)

# A serializer, an array of them (many=True), a schema as it is, or None for an empty body.
Body = type[serializers.Serializer[Any]] | serializers.BaseSerializer[Any] | Mapping[str, Any] | None

_ALWAYS = {"400": "What was sent cannot be taken.", "401": "No usable key was sent.", "403": "The key may not do this."}
_MORE = {
    404: "What the path names does not exist.",
    409: "It is in the way of something that exists.",
    412: "It was deleted.",
    413: "The body is too large.",
    429: "Too much is waiting already.",
    503: "The service cannot answer now; the header Retry-After says when to try again.",
}
_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": 255},
    OpenApiParameter.HEADER,
    description="The same request with the same key is carried out once and answered the same.",
)


def operation(
    operation_id: str,
    tag: str,
    summary: str,
    *,
    query: type[serializers.Serializer[Any]] | Sequence[OpenApiParameter] = (),
    body: Body | Mapping[str, Body] = None,
    answer: Body = None,
    answers: Mapping[str, Body] | None = None,
    status: int = 200,
    problems: Sequence[int] = (),
    is_idempotent: bool = False,
    is_deprecated: bool = False,
    auth: Sequence[Mapping[str, list[str]]] | None = None,
) -> Any:
    """
    Describe a method of a view, for `extend_schema_view`.

    `query` is the serializer that reads the query string, or its parameters; `answers` names several media types of
    the answer. Other serializers, or mappings by media type, say what bodies hold.
    """
    parameters: list[Any] = list(query) if isinstance(query, Sequence) else [query]
    media = answers if answers is not None else {JSON: answer} if answer is not None else {}
    responses: dict[Any, Any] = {(status, kind): shape for kind, shape in media.items()} or {status: None}
    described = _ALWAYS | {str(code): _MORE[code] for code in problems} | {"default": "An unexpected problem."}
    responses |= {
        (code, CONTENT_TYPE): OpenApiResponse(ProblemOutput, description=text) for code, text in described.items()
    }
    return extend_schema(
        operation_id=operation_id,
        tags=[tag],
        summary=summary,
        parameters=[*parameters, _IDEMPOTENCY_KEY] if is_idempotent else parameters,
        request=body,
        responses=responses,
        deprecated=is_deprecated or None,
        auth=auth,
    )


def array(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an array."""
    return {"type": "array", "items": dict(item)}
