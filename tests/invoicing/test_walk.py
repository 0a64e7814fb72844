"""Drafts wait, fail, are tried again and are deleted as their state says."""

from datetime import timedelta
from decimal import Decimal

import pytest

from invoicing import providers
from invoicing.lifecycle import InvalidMove
from invoicing.models import InvoiceStatus as S
from invoicing.providers import AppRefused, Sandbox
from invoicing.queries.states import actions_of, details_of
from invoicing.services.billing_run import run_billing
from invoicing.services.invoices import (
    CannotAdvance,
    advance_invoice,
    approve_invoice,
    delete_invoice,
    retry_invoice,
    snapshot_quantities,
)
from tests.invoicing.billed import audited, billed
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sound():
    """Whatever happened, the audit finds nothing."""
    yield
    assert audited(day(2, 20)) == []


def failing(monkeypatch, step):
    """Let the sandbox refuse a step."""

    class Refusing(Sandbox):
        pass

    def refuse(self, invoice):
        raise AppRefused(f"Let the app take {invoice.name}.")

    setattr(Refusing, step, refuse)
    monkeypatch.setitem(providers.PROVIDERS, "sandbox", Refusing())


def test_a_draft_waits_for_late_usage_and_then_goes_all_the_way():
    invoice = billed(day(2, 1))
    assert (invoice.status, invoice.number) == (S.DRAFT_WAITING_FOR_COLLECTION, None)
    use(invoice.customer, 50, day(1, 31, hour=23))
    with pytest.raises(CannotAdvance, match="waiting for late usage"):
        advance_invoice(invoice_id=invoice.pk, at=day(2, 1))
    advanced = advance_invoice(invoice_id=invoice.pk, at=day(2, 1, hour=1))
    # 20.00 for February + 100 x 0.10 + 100 x 0.05
    assert (advanced.status, advanced.total, advanced.settled) == (S.PAID, Decimal("35.00"), Decimal("35.00"))
    assert advanced.paid_at == day(2, 1, hour=1)


def test_reading_the_usage_by_hand_ends_collection():
    invoice = billed(day(2, 1), draft_period=timedelta(days=1))
    use(invoice.customer, 50, day(1, 31, hour=23))
    read = snapshot_quantities(invoice_id=invoice.pk, at=day(2, 1))
    assert (read.status, read.total) == (S.DRAFT_WAITING_AUTO_APPROVAL, Decimal("35.00"))
    assert (read.collection_at, read.quantities_read_at) == (day(2, 1), day(2, 1))


def test_it_stays_open_for_changes_as_long_as_the_draft_period():
    invoice = billed(day(2, 1, hour=1), draft_period=timedelta(days=1))
    assert (invoice.status, invoice.draft_until) == (S.DRAFT_WAITING_AUTO_APPROVAL, day(2, 2, hour=1))
    with pytest.raises(CannotAdvance):
        advance_invoice(invoice_id=invoice.pk, at=day(2, 2))
    assert approve_invoice(invoice_id=invoice.pk, at=day(2, 1, hour=2)).status == S.PAID


def test_it_waits_for_approval_where_nothing_is_issued_unasked():
    invoice = billed(day(2, 1, hour=1), is_auto_advancing=False)
    assert invoice.status == S.DRAFT_MANUAL_APPROVAL_NEEDED
    assert {name: state.value for name, state in actions_of(invoice, day(2, 1, hour=2)).items()} == {
        "approve": "payment_processing.pending",
        "delete": "deleted",
    }
    approved = approve_invoice(invoice_id=invoice.pk, at=day(2, 3))
    assert (approved.status, approved.issued_at, approved.due_at) == (S.PAID, day(2, 3), day(3, 5))
    assert details_of(approved, day(2, 3)) == {
        "immutable": True,
        "failed": False,
        "extendedStatus": "paid",
        "availableActions": {},
    }


@pytest.mark.parametrize(
    ("step", "failed", "retried"),
    [
        ("validate", S.DRAFT_INVALID, S.PAID),
        ("upsert_draft", S.DRAFT_SYNC_FAILED, S.PAID),
        ("finalise", S.ISSUING_FAILED, S.PAID),
    ],
)
def test_a_step_that_the_app_refuses_fails_with_a_reason_and_can_be_tried_again(monkeypatch, step, failed, retried):
    with monkeypatch.context() as patch:
        failing(patch, step)
        invoice = billed(day(2, 1, hour=1))
        assert (invoice.status, invoice.number) == (failed, None)
        (issue,) = invoice.validation_issues
        assert (issue["severity"], issue["code"]) == ("critical", "app_refused")
        assert issue["message"] == f"Let the app take {invoice.draft_number}."
        assert retry_invoice(invoice_id=invoice.pk, at=day(2, 2)).status == failed
    assert details_of(invoice, day(2, 2))["failed"]
    done = retry_invoice(invoice_id=invoice.pk, at=day(2, 3))
    assert (done.status, done.validation_issues) == (retried, [])


def test_a_deleted_draft_charges_nothing_and_is_not_billed_again():
    invoice = billed(day(2, 1, hour=1), is_auto_advancing=False)
    deleted = delete_invoice(invoice_id=invoice.pk, at=day(2, 2))
    deleted.refresh_from_db()
    assert (deleted.status, deleted.total, deleted.deleted_at) == (S.DELETED, 0, day(2, 2))
    for line in deleted.lines.prefetch_related("detailed_lines"):
        assert sum(part.amount for part in line.detailed_lines.all()) == line.amount == 0
    run_billing(now=day(2, 3))
    assert invoice.customer.invoices.exclude(pk=invoice.pk).filter(billed_at=day(2, 1)).count() == 0


def test_deleting_fails_where_the_app_keeps_it_and_can_be_tried_again(monkeypatch):
    invoice = billed(day(2, 1, hour=1), is_auto_advancing=False)
    with monkeypatch.context() as patch:
        failing(patch, "delete")
        assert delete_invoice(invoice_id=invoice.pk, at=day(2, 2)).status == S.DELETE_FAILED
    assert delete_invoice(invoice_id=invoice.pk, at=day(2, 2)).status == S.DELETED


@pytest.mark.parametrize("act", [approve_invoice, retry_invoice, snapshot_quantities, delete_invoice, advance_invoice])
def test_it_refuses_what_a_paid_invoice_does_not_allow(act):
    invoice = billed(day(2, 1, hour=1))
    before = type(invoice).objects.values().get(pk=invoice.pk)
    with pytest.raises(InvalidMove) as refusal:
        act(invoice_id=invoice.pk, at=day(2, 2))
    assert refusal.value.status == 400
    assert type(invoice).objects.values().get(pk=invoice.pk) == before
