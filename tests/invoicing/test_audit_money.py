"""The audit of money: nothing in a sound world, and every seeded corruption is named with its offender."""

from decimal import Decimal

import pytest

from invoicing import audit
from invoicing.services.bank_transfers import record_bank_transfer
from invoicing.services.credit_notes import CreditItem, create_credit_note
from invoicing.services.walks import walk
from metering.audit import Scope
from tests.invoicing.contracts import day
from tests.invoicing.money import customer, draft, issued, vat
from tests.test_audit import corrupt

pytestmark = pytest.mark.django_db
CHECKS = (*audit.amounts.CHECKS[:6], *audit.payments.CHECKS, *audit.balances.CHECKS)


def findings():
    return [finding for check in CHECKS for finding in check.find(Scope(at=day(3, 1)))]


@pytest.fixture
def world():
    """
    INV-000001 of 107.10 is paid with 110.00, then 10.71 of it is given back: 13.61 is the customer's.

    INV-000002 of 35.70 uses it and waits for 22.09; INV-000003 failed.
    """
    vat(19)
    buyer = customer()
    # 100 - 10 = 90, 17.10 tax
    first = issued("60.00", "40.00", discounts=[{"percentage": Decimal(10)}], customer=buyer)
    record_bank_transfer(
        amount=Decimal("110.00"), currency="USD", invoice_id=first.pk, received_at=day(2, 2), at=day(2, 2)
    )
    # 10 - 1 + 1.71
    item = CreditItem(first.lines.get(position=0).pk, Decimal("10.00"))
    create_credit_note(invoice_id=first.pk, items=[item], reason="Outage", at=day(2, 3))
    issued("30.00", customer=buyer, billed_at=day(2, 5))
    failing = customer(metadata={"openmeter.io/sandbox/target-payment-status": "failed"})
    issued("5.00", customer=failing, workflow={})


def test_it_finds_nothing_in_a_sound_world(world):
    assert findings() == []


FIRST = "(SELECT id FROM invoicing_invoice WHERE number = 'INV-000001')"
LINE = f"(SELECT id FROM invoicing_invoiceline WHERE invoice_id = {FIRST} AND position = 0)"


@pytest.mark.parametrize(
    ("statement", "offender", "text"),
    [
        (f"UPDATE invoicing_invoiceline SET discount = 7 WHERE id = {LINE}", "invoice INV-000001",
         "its discount is not the sum of its lines; expected 11.00 USD, found 10.00 USD"),
        (f"UPDATE invoicing_invoicediscount SET amount = 11 WHERE invoice_id = {FIRST}", "invoice INV-000001",
         "its discounts is not the sum of its lines; expected 10.00 USD, found 11 USD"),
        (f"UPDATE invoicing_invoicetax SET amount = 17.11 WHERE invoice_id = {FIRST}", "VAT 19 % of invoice INV-000001",
         "it is not what its rate comes to; expected 17.10, found 17.11"),
        (f"UPDATE invoicing_invoicetax SET taxable = 91 WHERE invoice_id = {FIRST}", "VAT 19 % of invoice INV-000001",
         "another sum than that of its lines; expected 90.00, found 91"),
        (f"UPDATE invoicing_invoiceline SET tax_id = NULL WHERE id = {LINE}", "(Line 0) of INV-000001",
         "a tax that its invoice does not name"),
        (f"UPDATE invoicing_invoiceline SET amount = 9 WHERE id = {LINE}", "(Line 0) of INV-000001",
         "more of it was given back than it charges; expected at most 9, found 10.00"),
        ("UPDATE invoicing_invoice SET settled = 107 WHERE number = 'INV-000001'", "invoice INV-000001",
         "another amount of it is settled than was; expected 107.10 USD, found 107 USD"),
        ("UPDATE invoicing_invoice SET settled = -10 WHERE number = 'CN-000001'", "invoice CN-000001",
         "another amount of it is settled than was; expected -10.71 USD, found -10 USD"),
        ("UPDATE invoicing_invoice SET status = 'overdue' WHERE number = 'INV-000001'", "invoice INV-000001, overdue",
         "nothing of it is due, but it is not paid"),
        ("UPDATE invoicing_invoice SET status = 'paid' WHERE number = 'INV-000002'", "invoice INV-000002, paid",
         "another amount than its total; expected 35.70 USD, found 13.61 USD"),
        ("UPDATE invoicing_payment SET amount = 109 WHERE attempt IS NULL", "payment ",
         "more of it was placed than came in; expected 109, found 110.00"),
        ("UPDATE invoicing_payment SET attempt = 2 WHERE attempt = 1", "of invoice INV-000003",
         "an attempt before it is missing; expected attempt 1, found attempt 2"),
        ("DELETE FROM invoicing_payment WHERE attempt = 1", "invoice INV-000003, payment_processing.failed",
         "no attempt shows that collecting it failed"),
        ("UPDATE invoicing_allocation SET invoice_id = (SELECT id FROM invoicing_invoice WHERE number = 'INV-000003')"
         " WHERE balance_entry_id IS NOT NULL", "movement 3 of ", "it settles no invoice of the customer"),
        ("UPDATE invoicing_balanceentry SET balance = 3 WHERE sequence = 1", "movement 1 of ",
         "the balance is not the sum of its movements; expected 2.90, found 3"),
        ("UPDATE invoicing_balanceentry SET sequence = 5 WHERE sequence = 3", "movement 5 of ",
         "a movement before it is missing; expected 3, found 5"),
        ("UPDATE invoicing_balanceentry SET credit_note_id = NULL", "credit note CN-000001",
         "another amount went to invoices and to the balance than it gives back; expected 10.71 USD, found 0 USD"),
        ("UPDATE invoicing_balanceentry SET currency = 'EUR' WHERE sequence = 3", "allocation ",
         "another than what it belongs to; expected USD, found EUR"),
    ],
)  # fmt: skip
def test_it_names_the_offender(world, statement, offender, text):
    corrupt(statement)
    found = [str(finding) for finding in findings()]
    assert any(offender in each and text in each for each in found), found


def test_a_draft_that_waits_is_sound():
    vat(19)
    invoice = draft("100.00", "-15.00", discounts=[{"percentage": Decimal("33.3")}])
    assert findings() == []
    walk(invoice=invoice, at=day(2, 2))
    assert findings() == []
