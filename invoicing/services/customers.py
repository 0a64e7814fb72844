"""What open bills mean for the customer who owes them."""

from datetime import datetime

from django.db.models import Q

from invoicing.models import Invoice, InvoiceStatus
from invoicing.queries.bills import bills_of
from invoicing.queries.contracts import open_contracts
from metering.errors import DomainError
from metering.models import Customer


class CustomerHasOpenInvoices(DomainError):
    code = "customer_has_open_invoices"


def check_settled(customer: Customer, at: datetime) -> None:
    """
    Do nothing if all that a customer owes by a time was invoiced, and every invoice is paid.

    :raises CustomerHasOpenInvoices: if not.
    :raises CannotPrice: if what they owe cannot be told.
    """
    if invoice := Invoice.objects.filter(customer=customer).exclude(status=InvoiceStatus.PAID).first():
        state = invoice.get_status_display().lower()
        raise CustomerHasOpenInvoices(f"Let invoice {invoice} be settled first: it is {state}.")
    contracts = open_contracts(Q(customer=customer))
    if any(bills_of(contract, until=at) for contract in contracts):
        raise CustomerHasOpenInvoices("Let the next billing run invoice what this customer owes first.")
