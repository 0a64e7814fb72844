"""Who may see what: every page of the portal belongs to one customer, and its viewer is a member of that customer."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from metering.models import Customer

P = ParamSpec("P")
SESSION_KEY = "customer"


class CustomerRequest(HttpRequest):
    """A request whose user is signed in and a member of `customer`."""

    customer: Customer
    has_other_customers: bool
    htmx: HtmxDetails


CustomerView = Callable[Concatenate[CustomerRequest, P], HttpResponseBase]
AnyView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def customers_of(request: HttpRequest) -> list[Customer]:
    """Return the customers whose portal the signed-in user may open, by name; one query."""
    assert request.user.is_authenticated
    mine = Customer.objects.live().filter(members__user=request.user)
    return list(mine.select_related("test_clock").order_by("name", "pk"))


def customer_required(view: CustomerView[P]) -> AnyView[P]:
    """
    Give the view `request.customer`, or send the visitor to where they can get one.

    Nobody signed in: to sign-in, and back afterwards. Member of several customers and none chosen: to the chooser.
    Member of none: operators to the console, others to a page that says so. No answer is kept by any cache, so that
    nothing is left after sign-out.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = _answer(cast(CustomerRequest, request), view, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return guarded


def _answer(request: CustomerRequest, view: CustomerView[P], *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
    if not request.user.is_authenticated:
        return _to_sign_in(request)
    customers = customers_of(request)
    if not customers:
        return _without_customer(request)
    customer = _chosen(request, customers)
    if customer is None:
        return redirect("portal_customers")
    request.customer = customer
    request.has_other_customers = len(customers) > 1
    return view(request, *args, **kwargs)


def _without_customer(request: CustomerRequest) -> HttpResponse:
    if request.user.is_staff:
        return redirect("admin:index")
    return render(request, "portal/no_access.html", status=403)


def _chosen(request: HttpRequest, customers: list[Customer]) -> Customer | None:
    if len(customers) == 1:
        return customers[0]
    chosen = request.session.get(SESSION_KEY)
    return next((customer for customer in customers if customer.ulid == chosen), None)


def _to_sign_in(request: CustomerRequest) -> HttpResponse:
    if not request.htmx:
        return redirect_to_login(request.get_full_path())
    # A partial would show the sign-in page inside the page that polls; so the whole page goes there, and comes back.
    page = urlsplit(request.htmx.current_url_abs_path or reverse("portal_usage"))
    return HttpResponseClientRedirect(redirect_to_login(page.geturl()).url)
