"""The invoices that are to come of a customer, as the page that shows the effect of an act asks for them."""

from collections import defaultdict
from datetime import datetime

from django.db.models import Q

from invoicing.queries.bills import PricedLine, bills_of, price_bill
from invoicing.queries.changes import changes_of
from invoicing.queries.contracts import open_contracts
from invoicing.queries.profiles import profile_of
from metering.models import Customer
from metering.queries.usage import customer_spans
from pricing.coming import ComingInvoice, ComingLine


def forecast(customer_id: int, until: datetime, at: datetime) -> list[ComingInvoice]:
    """
    Return what is billed at each billing time up to `until`, from the code that bills, with the usage so far.

    :raises CannotPrice: if an item has a price that cannot be read, or is billed by usage that no meter measures.
    """
    customer = Customer.objects.get(pk=customer_id)
    changes = changes_of([customer_id], bound=None, at=at, by=until).get(customer_id, ())
    contracts = open_contracts(Q(customer=customer_id))
    bills = bills_of(customer, contracts, until=until, profile=profile_of(customer), changes=changes)
    spans = customer_spans(customer_id=customer_id)
    lines: dict[tuple[datetime, str], list[ComingLine]] = defaultdict(list)
    earlier: list[PricedLine] = []
    for bill in bills:
        priced = price_bill(bill, spans=spans, bound=None, earlier=earlier)
        earlier += priced
        shown = [_line(line) for line in priced if line.amount or line.due.version]
        lines[bill.billed_at, bill.currency] += shown
    return [ComingInvoice(*key, tuple(found)) for key, found in sorted(lines.items()) if found]


def _line(priced: PricedLine) -> ComingLine:
    due, period = priced.due, priced.due.period
    quantity = priced.state.quantity if due.version and priced.state else None
    return ComingLine((due.item.pk, period.start, due.sequence), due.item.name, period, quantity, priced.amount)
