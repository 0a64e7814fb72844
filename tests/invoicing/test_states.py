"""An invoice moves along one table of states."""

from itertools import product

import pytest

from invoicing.lifecycle import DRAFT, EDITABLE, FAILED, MOVES, NUMBERED, UNPAID, InvalidMove, InvoiceStatus, Trigger
from invoicing.models import Invoice
from tests import factories


def test_it_lists_every_status():
    assert set(MOVES) == set(InvoiceStatus)


def test_it_reaches_every_status_but_gathering_from_a_new_draft():
    reached, ahead = set(), {InvoiceStatus.DRAFT_CREATED}
    while ahead:
        reached |= ahead
        ahead = {to for status in ahead for to in MOVES[status].values()} - reached
    assert reached == set(InvoiceStatus) - {InvoiceStatus.GATHERING}


def test_it_ends_paid_voided_or_deleted_and_nowhere_else():
    ends = {status for status, moves in MOVES.items() if not moves}
    assert ends == {InvoiceStatus.GATHERING, InvoiceStatus.PAID, InvoiceStatus.VOIDED, InvoiceStatus.DELETED}


def test_it_never_leaves_the_numbered_states_again():
    assert all(set(MOVES[status].values()) <= NUMBERED for status in NUMBERED)
    assert NUMBERED - {InvoiceStatus.PAID, InvoiceStatus.VOIDED, InvoiceStatus.UNCOLLECTIBLE} == UNPAID


def test_only_drafts_can_be_edited():
    assert EDITABLE < DRAFT
    assert not EDITABLE & NUMBERED


def test_whatever_failed_can_be_tried_again_or_deleted():
    for status in FAILED:
        assert {Trigger.RETRY, Trigger.DELETE} & set(MOVES[status]), status


def test_it_takes_each_step_of_the_table():
    for status, moves in MOVES.items():
        for trigger, to in moves.items():
            invoice = Invoice(status=status)
            invoice.move(trigger)
            assert invoice.status == to


def test_it_refuses_any_other_step_and_stays():
    for status, trigger in product(InvoiceStatus, Trigger):
        if trigger in MOVES[status]:
            continue
        invoice = Invoice(status=status, draft_number="DRAFT-ACME-1")
        with pytest.raises(InvalidMove, match="Choose another invoice or another action") as refusal:
            invoice.move(trigger)
        assert (invoice.status, refusal.value.status) == (status, 400)


@pytest.mark.django_db
def test_the_database_takes_every_status():
    for status in InvoiceStatus:
        total = 0 if status == InvoiceStatus.DELETED else 20
        factories.InvoiceFactory(issued=status in NUMBERED, status=status, total=total)
    assert set(Invoice.objects.values_list("status", flat=True)) == set(InvoiceStatus)
