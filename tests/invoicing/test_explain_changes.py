"""A line that changes what was billed says what was before, what is now, and computes to the same digits again."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from invoicing.lines import LineState
from invoicing.models import BillingProfile, InvoiceLine, LineCause
from invoicing.queries import events_gone, explain_line, line_events, recompute_line
from invoicing.services.billing_run import run_billing
from invoicing.services.invoices import delete_invoice
from tests import factories
from tests.invoicing.contracts import day, subscribe, use
from tests.invoicing.followed_lines import follow, give_back, measured_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer():
    """Someone who used 95 tokens in January, which are billed: 95 x 0.10 = 9.50."""
    subscription = subscribe()
    use(subscription.customer, 95, day(1, 10))
    run_billing(now=day(2, 2))
    return subscription.customer


@pytest.fixture
def tokens(customer):
    return InvoiceLine.objects.get(type="usage_based")


@pytest.fixture
def next_invoice(customer):
    return factories.InvoiceFactory(customer=customer, billed_at=day(3, 1))


def test_late_usage_is_told_as_two_states(customer, tokens, next_invoice):
    use(customer, 25, day(1, 20))
    line = follow(tokens, now=measured_now(tokens), invoice=next_invoice)
    explanation = explain_line(line)
    # 100 x 0.10 + 20 x 0.05 = 11.00, less 9.50
    assert explanation.change.text == "Until now 95 units = 9.50; now 120 units = 11.00; difference 1.50"
    assert [str(day) for day, _ in explanation.usage_by_day] == ["2026-01-10", "2026-01-20"]
    assert [event.data["tokens"] for event in line_events(line)] == [25, 95]
    again = recompute_line(line)
    assert (again.quantity, again.amount, again.differences) == (Decimal(25), Decimal("1.50"), ())


def test_it_names_the_events_that_count_no_more(customer, tokens, next_invoice):
    use(customer, 5, day(1, 21))
    gone = line_events(tokens).get()
    factories.EventVoidFactory(event_key=gone.key)
    line = follow(tokens, now=measured_now(tokens), invoice=next_invoice)
    assert explain_line(line).change.text == "Until now 95 units = 9.50; now 5 units = 0.50; difference -9.00"
    assert [list(found) for found in (events_gone(line), events_gone(tokens))] == [[gone], []]
    assert (recompute_line(line).amount, recompute_line(tokens).differences) == (Decimal("-9.00"), ())


def test_the_first_line_of_a_period_has_nothing_to_compare(tokens):
    assert explain_line(tokens).change is None


def test_a_cancelled_line_gives_back_what_it_billed_and_shows_its_events(tokens, next_invoice):
    line = follow(tokens, now=None, invoice=next_invoice, cause=LineCause.CANCELLATION)
    explanation = explain_line(line)
    assert explanation.change.text == "Until now 95 units = 9.50; now nothing is billed; difference -9.50"
    assert (explanation.now, explanation.counted) == (None, explanation.before)
    assert [event.data["tokens"] for event in line_events(line)] == [95]
    assert (recompute_line(line).amount, recompute_line(line).differences) == (Decimal("-9.50"), ())


def test_what_is_billed_again_says_so(tokens, next_invoice):
    cancelled = follow(tokens, now=None, invoice=next_invoice, cause=LineCause.CANCELLATION)
    line = follow(cancelled, now=LineState.from_json(tokens.now), invoice=next_invoice, cause=LineCause.PERIOD)
    assert explain_line(line).change.text == "Until now nothing was billed; now 95 units = 9.50; difference 9.50"
    assert recompute_line(line).matches


def test_a_fee_for_a_smaller_part_of_its_period_is_the_difference(customer, next_invoice):
    fee = InvoiceLine.objects.filter(type="flat_fee").earliest("period_start")
    line = follow(fee, now=replace(LineState.from_json(fee.now), part=Fraction(1, 2)), invoice=next_invoice)
    assert explain_line(line).change.text == (
        "Until now the whole period = 20.00; now 1/2 of the period = 10.00; difference -10.00"
    )
    assert recompute_line(line).differences == ()


def test_what_is_given_back_by_hand_is_taken_as_it_stands(tokens, next_invoice):
    line = give_back(tokens, amount=Decimal("4.00"), reason="Goodwill", invoice=next_invoice)
    explanation = explain_line(line)
    assert [(made.reason, made.amount) for made in explanation.adjustments] == [("Goodwill", Decimal("-4.00"))]
    assert explanation.change.text == "Until now 95 units = 9.50; that stays as it is"
    assert (recompute_line(line).amount, recompute_line(line).differences) == (Decimal("-4.00"), ())
    InvoiceLine.objects.filter(pk=line.pk).update(amount=Decimal("-5.00"))
    line.refresh_from_db()
    assert recompute_line(line).differences == ("The amount is -4.00, not -5.00.",)


def test_a_line_by_hand_adds_up_its_parts(next_invoice):
    line = factories.InvoiceLineFactory(
        invoice=next_invoice,
        subscription_item=None,
        managed_by="manual",
        name="Set-up",
        type="flat_fee",
        price={"type": "flat", "amount": "50.00"},
        now=None,
        quantity=Decimal(2),
        amount=Decimal("100.00"),
    )
    factories.DetailedLineFactory(line=line, quantity=Decimal(2), unit_amount=Decimal("50"), amount=Decimal("100.00"))
    explanation = explain_line(line)
    assert (explanation.counted, explanation.change, explanation.event_count) == (None, None, 0)
    assert recompute_line(line).differences == ()
    line.amount = Decimal("100.01")
    assert recompute_line(line).differences == ("The amount is 100.00, not 100.01.",)


def test_what_is_written_off_says_what_it_would_have_cost(customer, tokens):
    BillingProfile.objects.update(corrections="write_off")
    use(customer, 25, day(1, 20))
    run_billing(now=day(3, 2))
    line = tokens.corrections.get()
    explanation = explain_line(line)
    assert explanation.change.text == "Until now 95 units = 9.50; now 120 units = 11.00; difference 1.50"
    assert ([made.amount for made in explanation.adjustments], line.amount) == ([Decimal("-1.50")], 0)
    assert recompute_line(line).differences == ()


def test_lines_of_a_deleted_draft_stay_explained(customer):
    BillingProfile.objects.update(draft_period=timedelta(days=2))
    use(customer, 7, day(2, 10))
    run_billing(now=day(3, 1, hour=2))
    draft = customer.invoices.filter(status__startswith="draft.").get()
    delete_invoice(invoice_id=draft.pk, at=day(3, 1, hour=3))
    line = draft.lines.get(type="usage_based")
    assert (line.amount, [made.amount for made in explain_line(line).adjustments]) == (0, [Decimal("-0.70")])
    assert recompute_line(line).differences == ()
