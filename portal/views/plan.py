"""What the customer has agreed to pay."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from metering import clock
from portal.access import CustomerRequest, customer_required
from portal.contracts import current_contract


@require_safe
@customer_required
def plan(request: CustomerRequest) -> HttpResponse:
    """Show the current subscription: its prices in words, its period and when it is billed next."""
    at = clock.now(request.customer)
    contract = current_contract(request.customer, at)
    return render(request, "portal/plan.html", {"section": "plan", "contract": contract})
