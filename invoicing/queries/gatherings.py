"""Which gathering invoices hold something."""

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from invoicing.lifecycle import InvoiceStatus
from invoicing.models import Invoice, InvoiceLine
from pricing.models import SubscriptionItem


def with_something(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Leave out gathering invoices of customers who owe nothing yet, and will not by a contract that they have."""
    lines = InvoiceLine.objects.filter(invoice=OuterRef("pk"))
    billed = InvoiceLine.objects.filter(subscription_item=OuterRef("pk"), period_end__gte=OuterRef("active_to"))
    items = SubscriptionItem.objects.filter(
        customer=OuterRef("customer"),
        subscription__currency=OuterRef("currency"),
        subscription__awaits_payment=False,
        price__isnull=False,
    )
    open_items = items.filter(Q(active_to=None) | (Q(active_from__lt=F("active_to")) & ~Exists(billed)))
    return invoices.filter(~Q(status=InvoiceStatus.GATHERING) | Exists(lines) | Exists(open_items))
