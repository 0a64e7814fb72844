"""Drafts are edited, each time with a history; what a subscription billed stays known."""

from decimal import Decimal

import pytest

from invoicing.lifecycle import InvoiceStatus
from invoicing.models import BillingProfile, Invoice, InvoiceLine
from invoicing.queries import recompute_line
from invoicing.services.billing_run import run_billing
from invoicing.services.draft_edits import (
    InvoiceCannotBeEdited,
    add_discount,
    add_manual_line,
    change_draft,
    edit_line,
    remove_discount,
    remove_line,
)
from invoicing.services.invoices import approve_invoice
from invoicing.services.line_edits import CannotEditBilledOn, CannotEditPeriod
from invoicing.services.manual_lines import FeatureHasNoMeter, LineTerms, ZeroAmount
from invoicing.workflow import Workflow
from metering.history import actor, changes_of
from metering.periods import Period
from tests.factories import FeatureFactory, InvoiceLineFactory
from tests.invoicing.agreements import agree, bill, fee, metered, unit
from tests.invoicing.billed import audited
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db
AT = day(2, 2)
FEBRUARY = Period(day(2, 1), day(3, 1))


@pytest.fixture
def draft(db):
    """20.00 for February, and 150 tokens of January: 100 x 0.10 + 50 x 0.05 = 12.50."""
    BillingProfile.objects.update(is_auto_advancing=False)
    subscription = subscribe()
    use(subscription.customer, 150, day(1, 10))
    run_billing(now=AT)
    return Invoice.objects.get(customer=subscription.customer, billed_at=day(2, 1))


def line_of(draft, name):
    return draft.lines.get(name=name)


def terms(amount="30", **changes):
    values = {"name": "Setup", "period": FEBRUARY, "invoice_at": day(2, 1), "price": {"type": "flat", "amount": amount}}
    return LineTerms(**values | changes)


def total(draft):
    draft.refresh_from_db()
    assert draft.status == InvoiceStatus.DRAFT_MANUAL_APPROVAL_NEEDED
    assert audited(day(2, 20)) == []
    return draft.total


def test_another_price_rates_the_same_usage_again_and_keeps_what_was_billed(draft):
    assert total(draft) == Decimal("32.50")
    tokens = line_of(draft, "Tokens")
    states = tokens.before, tokens.now
    with actor(kind="operator", name="Ada", reason="Agreed on the phone"):
        edited = edit_line(line_id=tokens.pk, price={"type": "unit", "amount": "0.02"}, at=AT)
    edited.refresh_from_db()
    # 150 x 0.02
    assert (edited.amount, edited.managed_by, edited.quantity) == (Decimal("3.00"), "manual", Decimal(150))
    assert (edited.before, edited.now) == states
    assert recompute_line(edited).matches
    assert total(draft) == Decimal("23.00")
    edits = [change for change in changes_of(edited) if "price" in change.changed]
    (old, new) = edits[0].changed["price"]
    assert (old["type"], new["type"], edits[0].reason) == ("tiered", "unit", "Agreed on the phone")
    # The next run does not bill it again, and does not undo it.
    approve_invoice(invoice_id=draft.pk, at=AT)
    run_billing(now=day(2, 20))
    assert Invoice.objects.filter(customer=draft.customer, billed_at__gt=day(2, 1)).count() == 0


def test_another_name_is_in_the_parts_too(draft):
    edited = edit_line(line_id=line_of(draft, "Tokens").pk, name="Words", at=AT)
    assert recompute_line(InvoiceLine.objects.get(pk=edited.pk)).matches
    assert total(draft) == Decimal("32.50")


def test_nothing_changes_where_nothing_differs(draft):
    tokens = line_of(draft, "Tokens")
    edit_line(line_id=tokens.pk, name="Tokens", price=tokens.price, at=AT)
    assert line_of(draft, "Tokens").managed_by == "subscription"


@pytest.mark.parametrize(
    ("name", "changes", "error"),
    [
        ("Tokens", {"period": FEBRUARY}, CannotEditPeriod),
        ("Base fee", {"price": {"type": "flat", "amount": "0"}}, ZeroAmount),
        ("Base fee", {"price": {"type": "unit", "amount": "1"}}, FeatureHasNoMeter),
    ],
)
def test_it_refuses_what_the_subscription_says(draft, name, changes, error):
    with pytest.raises(error):
        edit_line(line_id=line_of(draft, name).pk, at=AT, **changes)
    assert total(draft) == Decimal("32.50")


def test_the_price_of_a_line_that_is_billed_on_stays(draft):
    tokens = line_of(draft, "Tokens")
    InvoiceLine.objects.filter(pk=tokens.pk).update(now=tokens.now | {"is_final": False})
    with pytest.raises(CannotEditBilledOn):
        edit_line(line_id=tokens.pk, price={"type": "unit", "amount": "0.02"}, at=AT)
    InvoiceLine.objects.filter(pk=tokens.pk).update(now=tokens.now)
    later = {"subscription_item": tokens.subscription_item, "period_start": tokens.period_start, "sequence": 1}
    InvoiceLineFactory(**later, period_end=tokens.period_end, before=tokens.now)
    with pytest.raises(CannotEditBilledOn):
        edit_line(line_id=tokens.pk, price={"type": "unit", "amount": "0.02"}, at=AT)


def test_a_removed_line_charges_nothing_and_is_not_billed_again(draft):
    remove_line(line_id=line_of(draft, "Tokens").pk, at=AT)
    assert total(draft) == Decimal("20.00")
    assert recompute_line(line_of(draft, "Tokens")).matches
    approve_invoice(invoice_id=draft.pk, at=AT)
    with pytest.raises(InvoiceCannotBeEdited):
        remove_line(line_id=line_of(draft, "Base fee").pk, at=AT)
    run_billing(now=day(2, 20))
    assert Invoice.objects.filter(customer=draft.customer).count() == 2


def test_lines_by_hand_are_added_measured_changed_and_really_deleted(draft):
    fee = add_manual_line(invoice_id=draft.pk, line=terms(), at=AT)
    use(draft.customer, 4, day(2, 1, hour=5))
    metered = terms(name="Calls", feature=FeatureFactory(), price={"type": "unit", "amount": "0.25"})
    calls = add_manual_line(invoice_id=draft.pk, line=metered, at=AT)
    # 32.50 + 30.00 + 4 x 0.25
    assert total(draft) == Decimal("63.50")
    assert recompute_line(calls).matches
    edit_line(
        line_id=fee.pk, price={"type": "flat", "amount": "40"}, discounts={"percentage": {"percentage": 50}}, at=AT
    )
    # 40.00 less 50 %, and January had 150 tokens, less what February says.
    edit_line(line_id=calls.pk, period=Period(day(1, 1), day(2, 1)), at=AT)
    # 32.50 + 20.00 + 150 x 0.25
    assert total(draft) == Decimal("90.00")
    remove_line(line_id=fee.pk, at=AT)
    remove_line(line_id=calls.pk, at=AT)
    assert total(draft) == Decimal("32.50")
    assert draft.lines.count() == 2


def test_discounts_of_the_invoice_are_shared_out(draft):
    share = add_discount(invoice_id=draft.pk, name="Sorry", percentage=Decimal(10), at=AT)
    # 10 % of 32.50
    assert (share.amount, total(draft)) == (Decimal("3.25"), Decimal("29.25"))
    add_discount(invoice_id=draft.pk, name="Voucher", fixed_amount=Decimal(100), at=AT)
    # Never below nothing.
    assert total(draft) == Decimal("0.00")
    for discount in draft.invoice_discounts.all():
        remove_discount(discount_id=discount.pk, at=AT)
    assert total(draft) == Decimal("32.50")


def test_parties_and_terms_are_on_the_issued_invoice(draft):
    buyer = {"name": "Acme Holding", "address": {"country": "FR"}}
    workflow = Workflow(is_auto_advancing=False, due_after=FEBRUARY.end - FEBRUARY.start)
    change_draft(invoice_id=draft.pk, buyer=buyer, description="Two", workflow=workflow, at=AT)
    approve_invoice(invoice_id=draft.pk, at=AT)
    draft.refresh_from_db()
    assert (draft.buyer["name"], draft.buyer["key"]) == ("Acme Holding", draft.customer.key)
    # 28 days after the second of February
    assert draft.due_at == day(3, 2)


def test_the_plans_minimum_follows_another_price_and_stays_where_a_line_is_waived():
    """At least 100.00: 20.00 for January, 150 tokens for 12.50, and 67.50 to fill it up."""
    BillingProfile.objects.update(is_auto_advancing=False)
    subscription = agree(fee("20"), metered(unit("0.10")), minimum_amount=Decimal(100))
    use(subscription.customer, 150, day(6, 10))
    bill(subscription, day(7, 1, hour=1))
    draft = Invoice.objects.filter(customer=subscription.customer).latest("billed_at")
    minimum = draft.lines.get(price__type="minimum")
    # 100.00 - 20.00 - 150 x 0.10
    assert minimum.amount == Decimal("65.00")
    edit_line(line_id=line_of(draft, "Tokens").pk, price={"type": "unit", "amount": "0.20"}, at=day(7, 2))
    minimum.refresh_from_db()
    # 100.00 - 20.00 - 150 x 0.20
    assert minimum.amount == Decimal("50.00")
    remove_line(line_id=line_of(draft, "Tokens").pk, at=day(7, 2))
    minimum.refresh_from_db()
    assert minimum.amount == Decimal("50.00")
    assert audited(day(7, 2)) == []
