"""What open bills mean for the customer who owes them."""

from datetime import datetime

from invoicing.models import Invoice, InvoiceStatus
from invoicing.queries.bills import bills_of, load
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
    subscriptions = list(customer.subscriptions.order_by("pk"))
    billed = load(subscriptions)
    if any(bills_of(subscription, billed, until=at) for subscription in subscriptions):
        raise CustomerHasOpenInvoices("Let the next billing run invoice what this customer owes first.")
