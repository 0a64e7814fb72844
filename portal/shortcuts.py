"""Rendering a page whole, or only the part that htmx asked for."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from portal.access import CustomerRequest


def render_page(
    request: CustomerRequest, template: str, partial: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """
    Render `partial` for a request by htmx, else the whole page `template`, which includes that partial.

    A page that htmx fetches to go back in history is whole as well.
    """
    is_partial = request.htmx and not request.htmx.history_restore_request
    response = render(request, partial if is_partial else template, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def render_live(request: CustomerRequest, template: str, partial: str, context: Mapping[str, Any]) -> HttpResponse:
    """
    Render like `render_page` a partial that polls, but answer 204 as long as it would show what the page shows already.

    The context gets `seen`, a digest of the partial, which the partial sends along with its next poll. So nothing
    moves under the reader's hands, and nothing is announced again, until a figure changes.
    """
    shown = render(request, partial, {**context, "seen": ""})
    seen = blake2b(shown.content, digest_size=8).hexdigest()
    if request.htmx and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    return render_page(request, template, partial, {**context, "seen": seen})
