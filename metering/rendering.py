"""JSON in and out of DRF by msgspec: numbers keep every digit both ways."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from metering import exact_json
from metering.errors import DomainError
from metering.exact_json import encode


class BodyTooLarge(DomainError):
    status = 413
    code = "body_too_large"


def array_of(parts: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """
    Write one JSON array of the values in all parts, a part at a time.

    >>> b"".join(array_of([[1, 2], [], [3]])), b"".join(array_of([]))
    (b'[1,2,3]', b'[]')
    """
    before = b"["
    for part in parts:
        if part:
            yield before + encode(part)[1:-1]
            before = b","
    yield b"[]" if before == b"[" else b"]"


def decode(body: bytes) -> Any:
    """
    Read JSON; numbers with a fraction or exponent become Decimal.

    :raises ParseError: if the bytes are not one JSON document in UTF-8.
    """
    try:
        return exact_json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise exceptions.ParseError(f"The body is not valid JSON: {error}. Send one JSON document in UTF-8.") from None


class JsonParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge(f"The body is over {settings.MAX_BODY_BYTES} bytes. Send it in smaller parts.")
        return decode(body)


class JsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else encode(data)


class CsvRenderer(BaseRenderer):
    """Passes on CSV that a view has written as text."""

    media_type = "text/csv"
    format = "csv"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return str(data).encode()


class Negotiation(BaseContentNegotiation):
    """JSON, unless the view offers something else that the client names: no client is refused for its Accept header."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("Accept", "").split(",")]
        offered = list(renderers)
        chosen = next((renderer for renderer in offered if renderer.media_type in accepted), offered[0])
        return chosen, str(chosen.media_type)
