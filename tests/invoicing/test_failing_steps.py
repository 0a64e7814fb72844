"""Whatever step of an invoice goes wrong, the invoice says why, waits in the state for that, and can be tried again."""

from types import MappingProxyType

import pytest

from invoicing.lifecycle import MOVES, NUMBERED, target
from invoicing.lifecycle import InvoiceStatus as S
from invoicing.lifecycle import Trigger as T
from invoicing.models import Invoice
from invoicing.services import walks
from invoicing.services.payments import hold_invoice
from invoicing.services.walks import walk
from metering.errors import DomainError
from metering.history import changes_of
from tests import factories
from tests.invoicing.contracts import day

pytestmark = pytest.mark.django_db
CAN_FAIL = [status for status, moves in MOVES.items() if T.FAIL in moves]
# The way into each state; drafts begin in the first.
WAYS = {to: (status, trigger) for status, moves in MOVES.items() for trigger, to in moves.items() if trigger != T.RETRY}

# Where a retry ends; the others go all the way.
ENDS = {
    S.PAYMENT_BOOKING_AUTHORIZED: S.PAYMENT_AUTHORIZED,
    S.DELETE_IN_PROGRESS: S.DELETED,
    S.DELETE_SYNCING: S.DELETED,
}


@pytest.mark.parametrize("status", [status for status in CAN_FAIL if status in WAYS])
def test_a_step_that_fails_says_why_and_is_tried_again(monkeypatch, status):
    def fail(visit):
        raise DomainError("Mend it.")

    before, trigger = WAYS[status]
    is_numbered = before in NUMBERED
    profile = factories.InvoiceSequenceFactory().profile
    invoice = factories.InvoiceFactory(profile=profile, issued=is_numbered, status=before)
    if not is_numbered:
        factories.InvoiceLineFactory(invoice=invoice)
    with monkeypatch.context() as patch:
        patch.setattr(walks, "WORK", MappingProxyType({**walks.WORK, status: fail}))
        walk(invoice=hold_invoice(invoice.pk), at=day(2, 2), trigger=trigger)
    invoice = Invoice.objects.get(pk=invoice.pk)
    assert invoice.status == target(status, T.FAIL)
    (issue,) = invoice.validation_issues
    assert (issue["severity"], issue["code"], issue["message"]) == ("critical", "invalid", "Mend it.")
    again = T.RETRY if T.RETRY in MOVES[S(invoice.status)] else T.DELETE
    walk(invoice=hold_invoice(invoice.pk), at=day(2, 3), trigger=again)
    done = Invoice.objects.get(pk=invoice.pk)
    assert done.status == ENDS.get(status, S.PAID)
    assert done.validation_issues == []
    # The history of the invoice has each state in which it waited.
    states = [change.changed["status"][1] for change in changes_of(done) if "status" in change.changed]
    assert states[:2] == [done.status, target(status, T.FAIL)]
