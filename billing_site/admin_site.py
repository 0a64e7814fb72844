"""The console as a whole: sign-in through the site's own flow, a content policy of its own, and search."""

from collections.abc import Callable, Iterator

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, reverse
from unfold.dataclasses import SearchResult

from invoicing.models import Invoice
from metering.admin.display import change_url
from metering.models import Customer, Meter
from pricing.models import Feature, Plan

_FOUND_PER_MODEL = 5
_SEARCHED: tuple[tuple[type[Model], str], ...] = (
    (Customer, "domain"),
    (Invoice, "receipt_long"),
    (Plan, "assignment"),
    (Meter, "speed"),
    (Feature, "extension"),
)
# Unfold runs Alpine, which evaluates expressions, and sets styles from scripts.
CONSOLE_POLICY = {"script-src": ["'self'", "'unsafe-eval'"], "style-src": ["'self'", "'unsafe-inline'"]}


def secured_urls() -> tuple[list[URLResolver | URLPattern], str, str]:
    """Return the console's addresses, its sign-in replaced by the site's own (a code by e-mail, or a password)."""
    admin.site.index_title = "Overview"
    admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
    return admin.site.urls


class ConsolePolicyMiddleware:
    """Widens the content policy for the console alone; it comes after django-csp's own middleware in the list."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            response._csp_update = CONSOLE_POLICY  # type: ignore[attr-defined]
        return response


def site_name(request: HttpRequest) -> str:
    """Return the name that the installation goes by."""
    return settings.SITE_NAME


def find(request: HttpRequest, term: str) -> list[SearchResult]:
    """Return the first matches of each kind for the search field of the sidebar, for what the operator may see."""
    return [result for model, icon in _SEARCHED for result in _matches(request, model, icon, term)]


def _matches(request: HttpRequest, model: type[Model], icon: str, term: str) -> Iterator[SearchResult]:
    model_admin = admin.site.get_model_admin(model)
    if not model_admin.has_view_or_change_permission(request):
        return
    rows, _ = model_admin.get_search_results(request, model_admin.get_queryset(request), term)
    for row in rows[:_FOUND_PER_MODEL]:
        kind = str(model._meta.verbose_name).capitalize()
        yield SearchResult(title=str(row), description=kind, link=change_url(row), icon=icon)
