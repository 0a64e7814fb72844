"""A plan's minimum follows what the lines that it counts come to, while people edit them on its draft."""

from datetime import timedelta
from decimal import Decimal

import pytest

from invoicing.models import BillingProfile, Invoice
from invoicing.queries import recompute_line
from invoicing.services.draft_edits import edit_line, remove_line
from invoicing.services.invoices import approve_invoice
from tests.invoicing.agreements import agree, bill, fee, metered, unit
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft():
    """June's 250.00 of usage and July's fee; with June's fee of 100.00, 150.00 are missing to the minimum of 500.00."""
    BillingProfile.objects.update(draft_period=timedelta(days=2))
    subscription = agree(fee("100.00"), metered(unit("1")), minimum_amount=Decimal(500))
    use(subscription.customer, 250, day(6, 10))
    bill(subscription, day(6, 1))
    bill(subscription, day(7, 2))
    return Invoice.objects.filter(status__startswith="draft.").latest("pk")


def minimum(draft):
    return draft.lines.get(price__type="minimum")


def test_a_counted_line_at_another_price_changes_what_is_missing(draft):
    assert minimum(draft).amount == Decimal("150.00")
    usage = draft.lines.get(type="usage_based")
    edit_line(line_id=usage.pk, price={"type": "unit", "amount": "0.5"}, at=day(7, 2))
    # 500.00 - 100.00 - 250 x 0.50
    assert minimum(draft).amount == Decimal("275.00")
    issued = approve_invoice(invoice_id=draft.pk, at=day(7, 2))
    assert issued.total == Decimal("100.00") + Decimal("125.00") + Decimal("275.00")
    assert [recompute_line(line).differences for line in issued.lines.all()] == [()] * 3


def test_a_minimum_that_was_taken_off_stays_off(draft):
    remove_line(line_id=minimum(draft).pk, at=day(7, 2), reason="First month")
    remove_line(line_id=draft.lines.get(type="usage_based").pk, at=day(7, 2))
    assert minimum(draft).amount == 0
    issued = approve_invoice(invoice_id=draft.pk, at=day(7, 2))
    assert issued.total == Decimal("100.00")
    assert [recompute_line(line).differences for line in issued.lines.all()] == [()] * 3
