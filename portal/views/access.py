"""Choosing one of several customers."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from metering.models import Customer
from portal.access import SESSION_KEY, customers_of


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def customers(request: HttpRequest) -> HttpResponse:
    """List the customers that the user is a member of; a POST opens one of them."""
    mine = customers_of(request)
    if request.method == "POST":
        allowed = Customer.objects.filter(pk__in=[customer.pk for customer in mine])
        request.session[SESSION_KEY] = get_object_or_404(allowed, ulid=request.POST.get("customer", "")).ulid
        return redirect("portal_usage")
    if not mine:
        return render(request, "portal/no_access.html", status=403)
    return render(request, "portal/customers.html", {"customers": mine})
