"""One operation of the document, with the problems that every operation may answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers

from metering.api.schema.fields import ProblemOutput
from metering.problems import CONTENT_TYPE

JSON = "application/json"

# A serializer, an array of them (many=True), or a schema as it is; None is an empty body.
Body = type[serializers.Serializer[Any]] | serializers.BaseSerializer[Any] | Mapping[str, Any] | None
# The same for each of several media types.
Bodies = Mapping[str, Any]
Query = type[serializers.Serializer[Any]] | OpenApiParameter

_ALWAYS = {400: "What was sent cannot be taken.", 401: "No usable key was sent.", 403: "The key may not do this."}
_MORE = {
    404: "What the path or the body names does not exist.",
    409: "It is in the way of something that exists.",
    412: "It was deleted.",
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
    query: Sequence[Query] = (),
    body: Body | Bodies = None,
    answers: Mapping[int, Body | Bodies],
    problems: Sequence[int] = (),
    is_idempotent: bool = False,
    is_deprecated: bool = False,
) -> Any:
    """
    Describe a method of a view, for `extend_schema_view`.

    `query` are serializers that read the query string, or single parameters; `answers` says by status what comes back.
    A body that differs by media type is a mapping with their names as keys.
    """
    described = _ALWAYS | {code: _MORE[code] for code in problems}
    refusals = {**{str(code): text for code, text in described.items()}, "default": "An unexpected problem."}
    return extend_schema(
        operation_id=operation_id,
        tags=[tag],
        summary=summary,
        parameters=[*query, *([_IDEMPOTENCY_KEY] if is_idempotent else [])],
        request=body,
        responses={
            **{key: shape for status, shape in answers.items() for key, shape in _by_media_type(status, shape)},
            **{
                (code, CONTENT_TYPE): OpenApiResponse(ProblemOutput, description=text)
                for code, text in refusals.items()
            },
        },
        deprecated=is_deprecated or None,
    )


def array(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an array."""
    return {"type": "array", "items": dict(item)}


def either(name: str, *shapes: Any) -> PolymorphicProxySerializer:
    """Return what is one of several shapes; `name` is what the document calls it."""
    return PolymorphicProxySerializer(name, serializers=shapes, resource_type_field_name=None, many=False)


def _by_media_type(status: int, shape: Body | Bodies) -> list[tuple[Any, Any]]:
    if shape is None:
        return [(status, None)]
    if isinstance(shape, Mapping) and all("/" in name for name in shape):
        return [((status, media_type), inner) for media_type, inner in shape.items()]
    return [((status, JSON), shape)]
