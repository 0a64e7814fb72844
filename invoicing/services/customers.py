"""What open bills mean for the customer who owes them."""

from datetime import datetime

from django.db.models import Q

from invoicing.models import Invoice, InvoiceStatus, InvoiceType
from invoicing.queries.bills import bills_of
from invoicing.queries.contracts import open_contracts
from invoicing.queries.due import pending_lines
from metering.errors import DomainError
from metering.models import Customer

# Of these nothing more is expected; what waits on a gathering invoice is looked for by itself.
_SETTLED = [
    InvoiceStatus.PAID,
    InvoiceStatus.VOIDED,
    InvoiceStatus.DELETED,
    InvoiceStatus.UNCOLLECTIBLE,
    InvoiceStatus.GATHERING,
]


class CustomerHasOpenInvoices(DomainError):
    code = "customer_has_open_invoices"


def check_settled(customer: Customer, at: datetime) -> None:
    """
    Do nothing if all that a customer owes by a time was invoiced, and every invoice is paid.

    :raises CustomerHasOpenInvoices: if not.
    :raises CannotPrice: if what they owe cannot be told.
    """
    documents = Invoice.objects.filter(customer=customer, type=InvoiceType.STANDARD)
    if invoice := documents.exclude(status__in=_SETTLED).first():
        state = invoice.get_status_display().lower()
        raise CustomerHasOpenInvoices(f"Let invoice {invoice} be settled first: it is {state}.")
    contracts = open_contracts(Q(customer=customer))
    if bills_of(customer, contracts, until=at) or pending_lines([customer.pk]):
        raise CustomerHasOpenInvoices("Let the next billing run invoice what this customer owes first.")
