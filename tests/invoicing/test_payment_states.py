"""Payments move issued invoices, and time does."""

from datetime import timedelta
from decimal import Decimal

import pytest

from invoicing.lifecycle import InvoiceStatus as S
from invoicing.lifecycle import Trigger
from invoicing.providers import SANDBOX_OUTCOME
from invoicing.services.billing_run import advance_test_clock
from invoicing.services.invoices import mark_overdue, payment_event, retry_invoice
from tests.factories import TestClockFactory
from tests.invoicing.billed import audited, billed
from tests.invoicing.contracts import day

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sound():
    """Whatever happened, the audit finds nothing."""
    yield
    assert audited(day(2, 20)) == []


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("failed", S.PAYMENT_FAILED),
        ("uncollectible", S.UNCOLLECTIBLE),
        ("action_required", S.PAYMENT_ACTION_REQUIRED),
        ("paid", S.PAID),
    ],
)
def test_the_sandbox_pays_as_the_customer_s_metadata_says(outcome, status):
    assert billed(day(2, 1, hour=1), customer_metadata={SANDBOX_OUTCOME: outcome}).status == status


def test_what_is_not_paid_by_its_due_date_is_overdue_once():
    invoice = billed(day(2, 1, hour=1), customer_metadata={SANDBOX_OUTCOME: "failed"})
    assert mark_overdue(now=invoice.due_at) == 0
    # The fee of January was billed by the same run.
    assert mark_overdue(now=invoice.due_at + timedelta(seconds=1)) == 2
    assert mark_overdue(now=invoice.due_at + timedelta(days=9)) == 0
    invoice.refresh_from_db()
    assert invoice.status == S.OVERDUE
    invoice.customer.metadata = {}
    invoice.customer.save()
    assert retry_invoice(invoice_id=invoice.pk, at=invoice.due_at).status == S.PAID


def test_a_test_clock_decides_for_whom_is_on_it():
    invoice = billed(day(2, 1, hour=1), collection_method="send_invoice")
    invoice.customer.test_clock = TestClockFactory(now_at=invoice.due_at + timedelta(days=1))
    invoice.customer.save()
    assert mark_overdue(now=day(2, 2)) == 2
    invoice.refresh_from_db()
    assert (invoice.status, invoice.updated_at) == (S.OVERDUE, invoice.due_at + timedelta(days=1))


def test_moving_a_test_clock_past_the_due_date_marks_it():
    invoice = billed(day(2, 1, hour=1), collection_method="send_invoice")
    clock = invoice.customer.test_clock = TestClockFactory(now_at=day(2, 1, hour=1))
    invoice.customer.save()
    advance_test_clock(clock_id=clock.pk, to=day(3, 10), at=day(2, 1))
    statuses = invoice.customer.invoices.order_by("billed_at").values_list("status", flat=True)
    # What the move billed is due 30 days later.
    assert list(statuses.issued()) == [S.OVERDUE, S.OVERDUE, S.PAYMENT_PENDING]


def test_a_payment_may_be_authorised_before_it_is_settled():
    invoice = billed(day(2, 1, hour=1), collection_method="send_invoice")
    authorised = payment_event(invoice_id=invoice.pk, trigger=Trigger.AUTHORIZED, at=day(2, 2))
    assert (authorised.status, authorised.settled) == (S.PAYMENT_AUTHORIZED, 0)
    settled = payment_event(invoice_id=invoice.pk, trigger=Trigger.PAID, at=day(2, 3))
    assert (settled.status, settled.settled, settled.paid_at) == (S.PAID, Decimal("32.50"), day(2, 3))
    assert settled.payments.get().amount == Decimal("32.50")
