"""`Idempotency-Key`: a creating request that is sent twice creates once and is answered the same."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.authentication import principal_of
from metering.errors import DomainError
from metering.exact_json import encode, encode_canonical
from metering.models import IdempotencyKey

_HEADER = "Idempotency-Key"
_MAX_LENGTH = IdempotencyKey._meta.get_field("key").max_length or 255

Handler = Callable[..., Response]
WrappedHandler = Callable[..., HttpResponse]


class UnusableKey(DomainError):
    code = "unusable_idempotency_key"


class KeyWasUsed(DomainError):
    status = 409
    code = "idempotency_key_was_used"


def idempotent(*, has_secret: bool = False) -> Callable[[Handler], WrappedHandler]:
    """
    Make the `post` method of an API view repeatable; without the header it runs as it is.

    The row comes first in the handler's own transaction: a second request with the same key waits there until the
    first has ended, and if that one failed, takes its place. With `has_secret` the answer is not kept.
    """

    def decorate(handler: Handler) -> WrappedHandler:
        @wraps(handler)
        def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            key = request.headers.get(_HEADER, "").strip()
            if not key:
                return handler(view, request, *args, **kwargs)
            if len(key) > _MAX_LENGTH:
                raise UnusableKey(f"Shorten {_HEADER} to at most {_MAX_LENGTH} characters.")
            with transaction.atomic():
                row, is_new = _claim(key, request)
                if not is_new:
                    return _answer_again(row, _request_hash(request))
                response = handler(view, request, *args, **kwargs)
                _keep(row, response, has_secret)
                return response

        return wrapper

    return decorate


def _claim(key: str, request: Request) -> tuple[IdempotencyKey, bool]:
    owner = principal_of(request).api_key_id
    try:
        with transaction.atomic():
            row = IdempotencyKey.objects.create(
                api_key_id=owner, key=key, request_hash=_request_hash(request), created_at=clock.now()
            )
    except IntegrityError:
        return IdempotencyKey.objects.get(api_key_id=owner, key=key), False
    return row, True


def _request_hash(request: Request) -> bytes:
    # The parsed body, so that another order of the same fields is the same request.
    return hashlib.sha256(encode_canonical([request.method, request.path, request.data])).digest()


def _keep(row: IdempotencyKey, response: Response, has_secret: bool) -> None:
    row.status = response.status_code
    row.has_secret = has_secret
    row.body = "" if has_secret or response.data is None else encode(response.data).decode()
    row.save(update_fields=["status", "has_secret", "body"])


def _answer_again(row: IdempotencyKey, request_hash: bytes) -> HttpResponse:
    if bytes(row.request_hash) != request_hash:
        raise KeyWasUsed(f"This {_HEADER} was used for another request. Use a new one for each request.")
    if row.has_secret:
        raise KeyWasUsed(
            "The first answer held a secret, which is shown once. Delete what was made and make a new one."
        )
    return HttpResponse(row.body, status=row.status, content_type="application/json")
