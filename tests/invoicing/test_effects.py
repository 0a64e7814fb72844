"""What an act on a subscription does to the next invoices is known before it is confirmed, to the cent."""

from decimal import Decimal

import pytest

from invoicing.models import InvoiceLine
from pricing.services.subscriptions.change import change_subscription
from pricing.services.subscriptions.effects import effect_of
from pricing.services.subscriptions.end import cancel_subscription
from pricing.services.subscriptions.start import start_subscription
from tests.invoicing.agreements import agree, bill, fee, metered, new_customer, plan, total, unit
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


def invoices_of(act, customer, **given):
    """Return what each billing time comes to before and after an act, as text; nothing of it is written."""
    lines = InvoiceLine.objects.count()
    effect = effect_of(act=lambda: act(**given), customer_id=customer.pk, at=given["at"])
    assert InvoiceLine.objects.count() == lines
    assert effect.unforeseen == ""
    return [
        (f"{one.billed_at:%m-%d}", *(None if it is None else str(it.total) for it in (one.before, one.after)))
        for one in effect.invoices
    ]


def test_it_tells_what_an_upgrade_within_the_period_costs():
    subscription = agree(fee("30"), metered(unit("0.10")))
    use(subscription.customer, 100, day(6, 10))
    bigger = plan(fee("90"))
    given = {"subscription_id": subscription.pk, "custom_plan": bigger, "at": day(6, 16)}
    assert invoices_of(change_subscription, subscription.customer, **given) == [
        # Nothing of June is invoiced yet. The upgrade's day belongs to the new plan: 15 of 30 days at 30.00 each month,
        # then 15 at 90.00, with the 100 tokens at 0.10 that the old plan ends with.
        ("06-01", "30.00", "15.00"),
        ("06-16", None, "55.00"),
        # The fee of July, and before the 100 tokens of June.
        ("07-01", "40.00", "90.00"),
        ("08-01", "30.00", "90.00"),
    ]


def test_it_tells_what_is_given_back_of_a_fee_that_is_paid_and_bills_exactly_that():
    subscription = agree(fee("30"))
    bill(subscription, day(6, 1))
    given = {"subscription_id": subscription.pk, "custom_plan": plan(fee("90")), "at": day(6, 16)}
    assert invoices_of(change_subscription, subscription.customer, **given) == [
        # T-35: 15 of 30 days at 90.00, less 15 of 30 days of the 30.00 that are paid. 45.00 - 15.00
        ("06-16", None, "30.00"),
        ("07-01", "30.00", "90.00"),
        ("08-01", "30.00", "90.00"),
    ]
    change_subscription(**given)
    assert total(bill(subscription, day(6, 16))) == Decimal("30.00")


def test_it_tells_what_an_end_now_gives_back_where_nothing_else_is_billed():
    subscription = agree(fee("30"))
    bill(subscription, day(6, 1))
    given = {"subscription_id": subscription.pk, "timing": "immediate", "at": day(6, 16)}
    assert invoices_of(cancel_subscription, subscription.customer, **given) == [
        # 15 of 30 days of 30.00
        ("06-16", None, "-15.00"),
        ("07-01", "30.00", None),
        ("08-01", "30.00", None),
    ]


def test_it_tells_what_is_given_back_once_an_end_in_the_future_comes():
    subscription = agree(fee("365", cadence="P1Y"), fee("10", key="support"))
    bill(subscription, day(6, 1))
    given = {"subscription_id": subscription.pk, "timing": "next_billing_cycle", "at": day(6, 16)}
    assert invoices_of(cancel_subscription, subscription.customer, **given) == [
        # 365.00 a year is 1.00 a day: 335 days are left after June.
        ("07-01", "10.00", "-335.00"),
        ("08-01", "10.00", None),
    ]


def test_it_tells_what_is_no_longer_billed_after_an_end():
    subscription = agree(fee("30"), metered(unit("0.10")), at=day(6, 1))
    use(subscription.customer, 100, day(6, 10))
    given = {"subscription_id": subscription.pk, "timing": "next_billing_cycle", "at": day(6, 16)}
    assert invoices_of(cancel_subscription, subscription.customer, **given) == [
        ("06-01", "30.00", "30.00"),
        # The tokens of June are due still, the fee of July is not.
        ("07-01", "40.00", "10.00"),
        ("08-01", "30.00", None),
    ]


def test_it_tells_the_first_invoices_of_a_start_in_the_future():
    customer = new_customer(day(6, 1))
    given = {"customer_id": customer.pk, "custom_plan": plan(fee("30")), "active_from": day(9, 1), "at": day(6, 1)}
    assert invoices_of(start_subscription, customer, **given) == [
        ("09-01", None, "30.00"),
        ("10-01", None, "30.00"),
    ]


def test_it_compares_a_year_where_a_monthly_plan_becomes_a_yearly_one():
    subscription = agree(fee("30"))
    yearly = plan(fee("300", cadence="P1Y"), billing_cadence="P1Y")
    given = {"subscription_id": subscription.pk, "custom_plan": yearly, "timing": "next_billing_cycle", "at": day(6, 2)}
    effect = invoices_of(change_subscription, subscription.customer, **given)
    # 30.00 on the first of each month up to the next June. The year steps from 1 June as before, so from July on it is
    # 335 of 365 days at 300.00: 275.34.
    assert [amount for _, amount, _ in effect] == ["30.00"] * 13
    assert [amount for _, _, amount in effect if amount] == ["30.00", "275.34", "300.00"]


def test_it_counts_lines_before_it_towards_a_minimum():
    subscription = agree(fee("30", term="in_arrears"), minimum_amount=Decimal(50))
    dearer = plan(fee("40", term="in_arrears"), minimum_amount=Decimal(50))
    given = {"subscription_id": subscription.pk, "custom_plan": dearer, "timing": "next_billing_cycle", "at": day(6, 2)}
    # 30.00 and 20.00 up to the minimum each month, then 40.00 and 10.00.
    assert invoices_of(change_subscription, subscription.customer, **given) == [
        ("07-01", "50.00", "50.00"),
        ("08-01", "50.00", "50.00"),
    ]


def test_it_says_why_it_cannot_tell_and_shows_the_rest():
    card = metered(unit("0.10"))
    subscription = agree(card)
    card.feature.meter = None
    card.feature.save()
    given = {"subscription_id": subscription.pk, "timing": "next_billing_cycle", "at": day(6, 16)}
    effect = effect_of(act=lambda: cancel_subscription(**given), customer_id=subscription.customer_id, at=day(6, 16))
    assert effect.unforeseen == "Give the feature of 'Tokens' a meter: it is billed by usage."
    assert (effect.at, effect.invoices) == (day(7, 1), ())
