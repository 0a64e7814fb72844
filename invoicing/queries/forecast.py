"""The invoices that are to come of a customer, as the page that shows the effect of an act asks for them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Q

from invoicing.models import BillingProfile, Corrections
from invoicing.queries.bills import Bill, DueLine, PricedLine, bills_of, price_bill, price_line
from invoicing.queries.changes import changes_of
from invoicing.queries.contracts import open_contracts
from invoicing.queries.due import pending_lines
from invoicing.queries.profiles import profile_of
from metering.models import Customer
from metering.periods import Period
from metering.queries.usage import customer_spans
from pricing.coming import ComingInvoice, ComingLine


def forecast(customer_id: int, until: datetime, at: datetime) -> list[ComingInvoice]:
    """
    Return what is billed at each billing time up to `until`, from the code that bills, with the usage so far.

    :raises CannotPrice: if an item has a price that cannot be read, or is billed by usage that no meter measures.
    """
    lines: dict[tuple[datetime, str], list[ComingLine]] = defaultdict(list)
    spans = customer_spans(customer_id=customer_id)
    earlier: list[PricedLine] = []
    for bill in _bills(Customer.objects.get(pk=customer_id), until, at):
        priced = price_bill(bill, spans=spans, bound=None, earlier=earlier)
        earlier += priced
        found = lines[bill.billed_at, bill.currency]
        found += [_line(line) for line in priced if line.amount or line.due.version]
        found += [
            ComingLine((line.pk,), line.name, Period(line.period_start, line.period_end), None, line.amount)
            for line in bill.pending
        ]
    return [ComingInvoice(*key, tuple(found)) for key, found in sorted(lines.items()) if found]


def _bills(customer: Customer, until: datetime, at: datetime) -> list[Bill]:
    profile, contracts = profile_of(customer), open_contracts(Q(customer=customer))
    pending = pending_lines([customer.pk]).get(customer.pk, [])
    bills = bills_of(customer, contracts, until=until, profile=profile, pending=pending)
    changes = changes_of([customer.pk], bound=None, at=at, by=until).get(customer.pk, [])
    return _with_changes(bills, changes, customer, profile, at)


def _with_changes(
    bills: Sequence[Bill], changes: Iterable[DueLine], customer: Customer, profile: BillingProfile, at: datetime
) -> list[Bill]:
    """Add each change to the first bill from when on it holds, or to one of its own where none comes."""
    found = list(bills)
    for due in changes:
        end = due.item.active_to
        since = end if due.version is None and end and end > at else None
        currency = due.item.subscription.currency
        is_credited = profile.corrections == Corrections.CREDIT_NOTE and _gives_back(due)
        if profile.corrections == Corrections.WRITE_OFF and due.version is not None:
            due = replace(due, is_written_off=True)
        places = (
            place
            for place, bill in enumerate(found)
            if bill.currency == currency and (since is None or bill.billed_at >= since) and not is_credited
        )
        place = next(places, None)
        if place is None:
            found.append(Bill(customer, currency, since or at, (due,)))
        else:
            found[place] = replace(found[place], lines=(*found[place].lines, due))
    return sorted(found, key=lambda bill: bill.billed_at)


def _gives_back(due: DueLine) -> bool:
    # What a minimum comes to is known once the lines that it counts are.
    return (due.state is not None or due.is_given_back) and price_line(due, due.state).amount < 0


def _line(priced: PricedLine) -> ComingLine:
    due = priced.due
    quantity = priced.state.quantity if due.version and priced.state else None
    return ComingLine((due.item.pk, due.period.start, due.sequence), due.item.name, due.period, quantity, priced.amount)
