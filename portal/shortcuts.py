"""Rendering a page whole, or only the part that htmx asked for."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from portal.access import CustomerRequest


def is_partial(request: CustomerRequest) -> bool:
    """Tell whether htmx asks for a part of a page; one that it fetches to go back in history is whole."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def render_page(request: CustomerRequest, template: str, partial: str, context: Mapping[str, Any]) -> HttpResponse:
    """Render `partial` for a request by htmx, else the whole page `template`, which includes that partial."""
    response = render(request, partial if is_partial(request) else template, dict(context))
    patch_vary_headers(response, ["HX-Request"])
    return response


def render_live(request: CustomerRequest, partial: str, context: Mapping[str, Any], *, seen: str) -> HttpResponse:
    """
    Render a partial that polls, or answer 204 as long as the page shows these figures already.

    `seen` is their digest; the partial sends it back with its next poll. So nothing moves under the reader's hands,
    and nothing is read out again, until a figure changes.
    """
    if request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    return render(request, partial, dict(context))


def digest(state: object) -> str:
    """Return a short text that differs when a frozen dataclass of figures does."""
    return blake2b(repr(state).encode(), digest_size=8).hexdigest()
