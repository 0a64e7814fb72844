"""Usage and the open bill, live."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from metering import clock
from portal.access import CustomerRequest, customer_required
from portal.choices import choose
from portal.queries import read_open_bill, read_usage
from portal.shortcuts import digest, is_partial, render_live, render_page
from portal.usage_chart import usage_chart

FIGURES = "usage-figures"


@require_safe
@customer_required
def usage(request: CustomerRequest) -> HttpResponse:
    """Show the open bill and the usage by day; to htmx only the usage, or only its figures when they changed."""
    context = {"section": "usage", **_figures(request)}
    if is_partial(request):
        if request.htmx.target == FIGURES:
            return render_live(request, "portal/_figures.html", context, seen=context["figures_seen"])
    else:
        context |= _bill(request)
    return render_page(request, "portal/usage.html", "portal/_usage.html", context)


@require_safe
@customer_required
def bill(request: CustomerRequest) -> HttpResponse:
    """Show the open bill alone, for the page that polls it."""
    context = _bill(request)
    return render_live(request, "portal/_bill.html", context, seen=context["bill_seen"])


def _bill(request: CustomerRequest) -> dict[str, Any]:
    open_bill = read_open_bill(request.customer, clock.now(request.customer))
    return {"open_bill": open_bill, "bill_seen": digest(open_bill)}


def _figures(request: CustomerRequest) -> dict[str, Any]:
    at = clock.now(request.customer)
    choice = choose(request.customer, request.GET.dict(), at)
    if choice is None:
        return {"choice": None, "figures_seen": ""}
    by_day = read_usage(request.customer, choice)
    return {
        "choice": choice,
        "usage": by_day,
        "chart": usage_chart(by_day),
        "days": by_day.until(at.astimezone(choice.zone).date()),
        "figures_seen": digest((choice, by_day)),
    }
