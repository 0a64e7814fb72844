"""Lines that somebody writes and that wait on the gathering invoice until their time comes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from invoicing.models import Invoice, InvoiceLine
from invoicing.services.gathering import open_gathering
from invoicing.services.manual_lines import LineTerms, write_lines
from metering.errors import DomainError
from metering.models import Customer
from metering.periods import Period


class NoLines(DomainError):
    code = "invoice_create_no_lines"


class CustomerDeleted(DomainError):
    """The customer was deleted before the time of a line."""

    status = 412
    code = "customer_deleted"


class EmptyPeriod(DomainError):
    """Less than a second is left of the time of a line."""

    code = "invoice_create_ubp_line_period_is_empty"


@transaction.atomic
def add_pending_lines(
    *, customer_id: int, currency: str, lines: Sequence[LineTerms], at: datetime
) -> tuple[Invoice, list[InvoiceLine], bool]:
    """
    Add lines to the gathering invoice of a customer in a currency; return it, the lines, and whether it is new.

    Times are cut to whole seconds. What a line by usage comes to is read when it is billed.

    :raises NoLines: if there are none.
    :raises CustomerDeleted: if the customer was deleted before a period ends.
    :raises EmptyPeriod: if a period is shorter than a second.
    :raises LineCannotBePriced: if a price cannot be read, or is negative.
    :raises ZeroAmount: if a line is a fee of nothing.
    :raises FeatureHasNoMeter: if a line is billed by usage, and no meter measures that.
    """
    if not lines:
        raise NoLines("Send at least one line.")
    customer = Customer.objects.get(pk=customer_id)
    lines = [in_seconds(line) for line in lines]
    if customer.deleted_at and any(line.period.end > customer.deleted_at for line in lines):
        raise CustomerDeleted(f"Choose a customer that is not deleted instead of {customer.name}.")
    invoice, is_new = open_gathering(customer=customer, currency=currency, at=at)
    return invoice, write_lines(invoice=invoice, lines=lines, bound=None, at=at), is_new


def in_seconds(line: LineTerms) -> LineTerms:
    """
    Return a line whose times are cut to whole seconds.

    :raises EmptyPeriod: if nothing is left of its period.
    """
    start, end, due = (time.replace(microsecond=0) for time in (line.period.start, line.period.end, line.invoice_at))
    if start >= end:
        raise EmptyPeriod(f"Give {line.name!r} a period of a second or more.")
    return replace(line, period=Period(start, end), invoice_at=due)
