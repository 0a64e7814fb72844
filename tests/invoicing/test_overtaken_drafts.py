"""A run leaves alone what somebody did to a draft after the run looked and before it took the lock."""

import pytest

from invoicing.lifecycle import InvoiceStatus as S
from invoicing.services import billing_run
from invoicing.services.billing_run import run_billing
from invoicing.services.invoices import delete_invoice, snapshot_quantities
from tests.invoicing.billed import audited, billed
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("act", "status"), [(delete_invoice, S.DELETED), (snapshot_quantities, S.PAID)])
def test_it_does_not_read_the_usage_of_a_draft_that_moved_meanwhile(monkeypatch, act, status):
    draft = billed(day(2, 1))
    assert draft.status == S.DRAFT_WAITING_FOR_COLLECTION
    use(draft.customer, 50, day(1, 31))
    read_usage = billing_run.read_usage

    def read_and_act(*args, **kwargs):
        readings = read_usage(*args, **kwargs)
        act(invoice_id=draft.pk, at=day(2, 1))
        return readings

    with monkeypatch.context() as patch:
        patch.setattr(billing_run, "read_usage", read_and_act)
        assert run_billing(now=day(2, 1, hour=1)).failures == []
    draft.refresh_from_db()
    assert draft.status == status
    run_billing(now=day(2, 2))
    assert audited(day(2, 3)) == []
