"""Whatever is issued, given back, paid and voided in whatever order: the audit is clean and no cent is lost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing.models import Allocation, BalanceEntry, Invoice, Payment, PaymentStatus
from invoicing.queries.balances import balance_of
from invoicing.services.bank_transfers import allocate_payment, record_bank_transfer
from invoicing.services.credit_notes import CreditItem, create_credit_note
from invoicing.services.invoices import retry_invoice, void_invoice
from metering.errors import DomainError
from tests.invoicing.contracts import day
from tests.invoicing.money import SENT, customer, issued, vat
from tests.invoicing.test_audit_money import findings

CENTS = st.integers(1, 20_000).map(lambda cents: Decimal(cents) / 100)
ACTS = st.one_of(
    st.tuples(st.just("issue"), st.lists(CENTS, min_size=1, max_size=3), st.none() | st.integers(1, 100)),
    st.tuples(st.just("credit"), st.integers(0, 9), CENTS),
    st.tuples(st.just("transfer"), st.integers(0, 9), CENTS),
    st.tuples(st.just("match"), st.integers(0, 9), st.none() | CENTS),
    st.tuples(st.just("void"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("retry"), st.integers(0, 9), st.none()),
)


class Life:
    """One buyer with 7.7 % of tax; the sandbox refuses their money, so that they pay by hand."""

    def __init__(self):
        vat("7.7")
        self.buyer = customer(metadata={"openmeter.io/sandbox/target-payment-status": "failed"})
        self.now = day(2, 1)

    def act(self, kind, which, value):
        self.now += timedelta(days=1)
        try:
            with transaction.atomic():
                getattr(self, kind)(which, value)
        except DomainError:
            # Refused: what the audit finds afterwards shows that nothing was written.
            pass

    def one_of_them(self, place):
        invoices = list(Invoice.objects.filter(type="standard").order_by("pk"))
        return invoices[place % len(invoices)] if invoices else None

    def issue(self, amounts, percentage):
        discounts = [{"percentage": Decimal(percentage)}] if percentage else []
        workflow = SENT if percentage else {}
        issued(*amounts, customer=self.buyer, billed_at=self.now, discounts=discounts, at=self.now, workflow=workflow)

    def credit(self, place, amount):
        if invoice := self.one_of_them(place):
            lines = list(invoice.lines.order_by("position"))
            # Whole lines as often as parts.
            items = [CreditItem(line.pk, line.amount if place % 2 else min(amount, line.amount)) for line in lines]
            create_credit_note(invoice_id=invoice.pk, items=items[: place + 1], reason="Outage", at=self.now)

    def transfer(self, place, amount):
        invoice = self.one_of_them(place)
        named = {"invoice_id": invoice.pk} if invoice and place % 2 else {}
        if place % 4 == 2:
            named = {"customer_id": self.buyer.pk}
        record_bank_transfer(amount=amount, currency="USD", received_at=self.now, at=self.now, **named)

    def match(self, place, amount):
        payment, invoice = Payment.objects.filter(attempt=None).order_by("-pk").first(), self.one_of_them(place)
        if payment and invoice:
            allocate_payment(payment_id=payment.pk, invoice_id=invoice.pk, amount=amount, at=self.now)

    def void(self, place, rebill):
        if invoice := self.one_of_them(place):
            void_invoice(invoice_id=invoice.pk, reason="Wrong", rebill=rebill, at=self.now)

    def retry(self, place, _):
        if invoice := self.one_of_them(place):
            retry_invoice(invoice_id=invoice.pk, at=self.now)


def sum_of(rows, field):
    return rows.aggregate(sum=Sum(field))["sum"] or Decimal(0)


@pytest.mark.django_db
@given(st.lists(ACTS, min_size=3, max_size=14))
@settings(max_examples=8, deadline=None)
def test_the_audit_is_clean_and_money_is_where_it_went(acts):
    with transaction.atomic():
        life = Life()
        for act in acts:
            life.act(*act)
        assert [str(finding) for finding in findings()] == []
        came_in = sum_of(Payment.objects.filter(status=PaymentStatus.SUCCEEDED), "amount")
        placed = sum_of(Allocation.objects.filter(payment__isnull=False), "amount")
        kept = sum_of(BalanceEntry.objects.filter(payment__isnull=False), "amount")
        charged, due = (
            sum_of(Invoice.objects.issued(), "total"),
            sum((invoice.due for invoice in Invoice.objects.issued().filter(type="standard")), Decimal(0)),
        )
        # What was charged less what is still due was paid, and what was paid too much is theirs.
        assert charged - due == placed + kept - balance_of(life.buyer.pk, "USD")
        assert placed + kept <= came_in
        transaction.set_rollback(True)
