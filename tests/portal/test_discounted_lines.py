"""An invoice line says what was free, what a discount took off and what a minimum added; so does its document."""

from decimal import Decimal

import pytest

from invoicing.models import InvoiceLine
from invoicing.pdf import render_pdf
from invoicing.queries.documents import invoice_document
from tests.factories import MemberFactory
from tests.invoicing.agreements import agree, bill, change, fee, metered, tiers, unit
from tests.invoicing.contracts import day, use
from tests.invoicing.documents import page_texts
from tests.portal.pages import rows_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscription():
    discounts = {"percentage": {"percentage": 50}, "usage": {"quantity": "2"}}
    card = metered(unit("10", maximumAmount="65"), discounts=discounts)
    subscription = agree(fee("10.00", discounts={"percentage": {"percentage": 10}}), card, minimum_amount=Decimal(100))
    use(subscription.customer, 20, day(6, 10))
    bill(subscription, day(7, 2))
    return subscription


@pytest.fixture
def portal(client, subscription):
    client.force_login(MemberFactory(customer=subscription.customer).user)
    return client


def test_the_invoice_lists_what_is_free_and_what_is_taken_off_and_added(portal, subscription):
    invoice = subscription.customer.invoices.latest("billed_at")
    rows = rows_of(portal.get(f"/invoices/{invoice.ulid}/"), "Lines of the invoice")
    shown = [[cell for cell in row if cell] for row in rows]
    assert ["Of these, free", "2"] in shown
    assert ["Usage in period", "18", "$10.00", "$180.00"] in shown
    assert ["Usage in period: 50 % discount", "-$90.00"] in shown
    assert ["Maximum spend discount for charges over 65", "-$25.00"] in shown
    # 100.00 less 65.00 of usage and 9.00 of fees
    assert any(row[-1] == "$26.00" for row in shown)


def test_the_document_says_the_same(subscription):
    text = " ".join(page_texts(render_pdf(invoice_document(subscription.customer.invoices.latest("billed_at")))))
    for said in ("Of these, 2 free", "50 % discount", "-$90.00", "-$25.00", "$26.00"):
        assert said in text


def test_a_minimum_that_was_reached_is_not_shown(client):
    subscription = agree(fee("200.00"), minimum_amount=Decimal(100))
    client.force_login(MemberFactory(customer=subscription.customer).user)
    assert "Minimum" not in text_of(client.get("/"))
    bill(subscription, day(7, 2))
    invoice = subscription.customer.invoices.latest("billed_at")
    assert invoice.lines.count() == 2
    assert "Minimum" not in text_of(client.get(f"/invoices/{invoice.ulid}/"))
    assert "Minimum" not in " ".join(page_texts(render_pdf(invoice_document(invoice))))


def test_the_why_page_says_what_was_used_before_at_another_price(client):
    card = metered(tiers(("100", "1.00"), (None, "0.50")))
    first = agree(card)
    use(first.customer, 60, day(6, 3))
    change(first, card, at=day(6, 10))
    use(first.customer, 80, day(6, 12))
    bill(first, day(7, 2))
    client.force_login(MemberFactory(customer=first.customer).user)
    following = first.customer.subscriptions.latest("pk")
    line = InvoiceLine.objects.get(subscription_item__subscription=following)
    text = text_of(client.get(f"/invoices/{line.invoice.ulid}/lines/{line.ulid}/"))
    assert "Used before, under an earlier price 60" in text
    assert "Jun 1 - 9, 2026" in text
    again = text_of(client.get(f"/invoices/{line.invoice.ulid}/lines/{line.ulid}/recompute/"))
    assert "60" in again
