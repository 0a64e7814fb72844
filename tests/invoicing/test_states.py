"""An invoice moves along one table of states."""

import pytest

from invoicing.models import INVOICE_MOVES, NUMBERED, UNPAID, InvalidMove, Invoice, InvoiceStatus
from tests import factories

MOVES = [(status, to) for status, targets in INVOICE_MOVES.items() for to in targets]
REFUSED = [(status, to) for status in InvoiceStatus for to in InvoiceStatus if to not in INVOICE_MOVES[status]]


def test_it_lists_every_status():
    assert set(INVOICE_MOVES) == set(InvoiceStatus)


def test_it_reaches_every_status_from_a_new_draft():
    reached, ahead = set(), {InvoiceStatus.DRAFT_CREATED}
    while ahead:
        reached |= ahead
        ahead = {to for status in ahead for to in INVOICE_MOVES[status]} - reached
    assert reached == set(InvoiceStatus)


def test_it_ends_paid_and_nowhere_else():
    assert [status for status, targets in INVOICE_MOVES.items() if not targets] == [InvoiceStatus.PAID]


def test_it_never_leaves_the_numbered_states_again():
    assert all(INVOICE_MOVES[status] <= set(NUMBERED) for status in NUMBERED)
    assert set(UNPAID) == set(NUMBERED) - {InvoiceStatus.PAID}


@pytest.mark.parametrize(("status", "to"), MOVES)
def test_it_takes_a_step_of_the_table(status, to):
    invoice = Invoice(status=status)
    invoice.move(to)
    assert invoice.status == to


@pytest.mark.parametrize(("status", "to"), REFUSED)
def test_it_refuses_any_other_step_and_stays(status, to):
    invoice = Invoice(status=status, draft_number="DRAFT-ACME-1")
    with pytest.raises(InvalidMove, match=r"DRAFT-ACME-1 is .* and cannot become") as refusal:
        invoice.move(to)
    assert (invoice.status, refusal.value.status) == (status, 409)


@pytest.mark.django_db
@pytest.mark.parametrize("status", InvoiceStatus)
def test_the_database_takes_every_status(status):
    invoice = factories.InvoiceFactory(issued=status in NUMBERED, status=status)
    assert Invoice.objects.get(status=status) == invoice
