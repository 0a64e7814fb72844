"""A plan's minimum fills up what all lines of a billing period come to, those billed in advance included."""

from decimal import Decimal

import pytest

from invoicing.lines import LineKey, LineState, PlanMinimum, rate_line
from invoicing.models import Invoice, InvoiceLine
from invoicing.queries import closing_invoices, recompute_line, upcoming_invoice
from metering.periods import Period
from pricing.services.plan_inputs import PhaseInput
from pricing.services.subscriptions.end import cancel_subscription
from tests.invoicing.agreements import agree, bill, change, check_all, fee, metered, new_customer, unit
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


def minimum_lines():
    lines = InvoiceLine.objects.filter(subscription_item__phase=None).order_by("period_start")
    return [(f"{line.period_start:%m-%d}", f"{line.period_end:%m-%d}", line.amount) for line in lines]


def test_it_counts_the_fee_in_advance_and_the_usage_of_its_period():
    subscription = agree(fee("100.00"), metered(unit("1")), minimum_amount=Decimal(500))
    use(subscription.customer, 250, day(6, 10))
    bill(subscription, day(6, 1))
    bill(subscription, day(7, 2))
    # 500.00 less June's fee 100.00 and 250.00 of usage; July's fee on the same invoice counts for July.
    assert minimum_lines() == [("06-01", "07-01", Decimal("150.00"))]
    use(subscription.customer, 400, day(7, 10))
    bill(subscription, day(8, 2))
    assert minimum_lines()[1] == ("07-01", "08-01", Decimal("0.00"))
    check_all()


def test_it_is_scaled_to_a_part_of_the_period_where_the_plan_says_so():
    start = day(6, 11)
    subscription = agree(
        fee("100.00"),
        metered(unit("1")),
        at=start,
        billing_anchor=day(6, 1),
        minimum_amount=Decimal(500),
        prorate_minimum=True,
    )
    use(subscription.customer, 200, day(6, 20))
    bill(subscription, day(7, 2))
    # 500.00 x 20/30 = 333.33, less 100.00 x 20/30 = 66.67 and 200.00
    assert minimum_lines() == [("06-11", "07-01", Decimal("66.66"))]
    check_all()


def test_it_is_not_scaled_where_the_plan_does_not_say_so():
    subscription = agree(metered(unit("1")), minimum_amount=Decimal(500))
    cancel_subscription(subscription_id=subscription.pk, at=day(6, 2), active_to=day(6, 16))
    bill(subscription, day(6, 17))
    assert minimum_lines() == [("06-01", "06-16", Decimal("500.00"))]
    check_all()


def test_it_counts_the_lines_of_every_phase_and_of_other_cadences():
    trial = PhaseInput([fee("30.00", term="in_arrears")], key="trial", name="Trial", duration="P14D")
    cards = [fee("60.00", cadence="P3M", term="in_arrears"), fee("1.00", cadence="P1D", key="daily")]
    subscription = agree(phases=[trial, PhaseInput(cards)], minimum_amount=Decimal(100))
    bill(subscription, day(9, 2))
    # June: 30.00 x 14/30 = 14.00 and 16 x 1.00. July: 31 x 1.00.
    # August: 31 x 1.00, and the rest of the quarter from 15 June, 60.00 x 78/92 = 50.87.
    assert minimum_lines() == [
        ("06-01", "07-01", Decimal("70.00")),
        ("07-01", "08-01", Decimal("69.00")),
        ("08-01", "09-01", Decimal("18.13")),
    ]
    check_all()


@pytest.mark.parametrize(
    ("price", "missing"),
    # Nothing can come of the trial's usage, or something could.
    [(None, "0.00"), (unit("0"), "0.00"), (unit("0.01"), "500.00")],
)
def test_it_is_owed_for_periods_in_which_something_is_charged(price, missing):
    trial = PhaseInput([metered(price)], key="trial", name="Trial", duration="P1M")
    subscription = agree(phases=[trial, PhaseInput([fee("100.00", term="in_arrears")])], minimum_amount=Decimal(500))
    bill(subscription, day(8, 2))
    # July: 500.00 - 100.00
    assert minimum_lines() == [("06-01", "07-01", Decimal(missing)), ("07-01", "08-01", Decimal("400.00"))]
    check_all()


def test_it_is_owed_once_for_a_period_in_which_another_plan_takes_over():
    terms = {"minimum_amount": Decimal(500)}
    subscription = agree(fee("30.00"), metered(unit("1")), **terms)
    use(subscription.customer, 100, day(6, 10))
    bill(subscription, day(6, 1))
    following = change(subscription, fee("90.00"), metered(unit("1")), at=day(6, 16), **terms)
    use(subscription.customer, 50, day(6, 20))
    bill(following, day(7, 2))
    # 500.00 less 30.00 and -15.00 given back, 100.00, 90.00 x 15/30 = 45.00, 50.00 = 290.00
    assert minimum_lines() == [("06-01", "06-16", Decimal("0.00")), ("06-16", "07-01", Decimal("290.00"))]
    charged = sum(Invoice.objects.values_list("total", flat=True))
    # June's 500.00, and the fee of July in advance.
    assert charged == Decimal("590.00")
    # Late, under the first plan: the minimum of the second gives as much back.
    use(subscription.customer, 40, day(6, 11))
    bill(following, day(8, 2))
    assert sum(line.amount for line in InvoiceLine.objects.filter(period_start__lt=day(7, 1))) == Decimal("500.00")
    check_all()


def test_each_plan_owes_its_part_where_minimums_are_scaled():
    terms = {"minimum_amount": Decimal(500), "prorate_minimum": True}
    subscription = agree(metered(unit("1")), **terms)
    use(subscription.customer, 100, day(6, 10))
    following = change(subscription, metered(unit("1")), at=day(6, 16), **terms)
    bill(following, day(7, 2))
    # 250.00 - 100.00, then 250.00
    assert minimum_lines() == [("06-01", "06-16", Decimal("150.00")), ("06-16", "07-01", Decimal("250.00"))]
    check_all()


def test_the_open_bill_shows_what_is_missing_to_it_so_far():
    subscription = agree(fee("100.00"), metered(unit("1")), minimum_amount=Decimal(500))
    use(subscription.customer, 250, day(6, 10))
    upcoming = upcoming_invoice(customer=subscription.customer, at=day(6, 20))
    assert [(line.name, line.amount) for line in upcoming.lines][1:] == [
        ("Tokens", Decimal("250.00")),
        (upcoming.lines[-1].name, Decimal("150.00")),
    ]
    closing = closing_invoices(customer=subscription.customer, at=day(7, 1))
    bill(subscription, day(7, 2))
    stored = [invoice.total for invoice in subscription.customer.invoices.order_by("billed_at")]
    assert [invoice.total for invoice in closing] == stored
    assert upcoming.total == stored[-1]


def test_its_line_says_which_lines_it_counted():
    customer = new_customer()
    subscription = agree(fee("100.00"), customer=customer, minimum_amount=Decimal(500))
    bill(subscription, day(7, 2))
    line = InvoiceLine.objects.get(subscription_item__phase=None)
    assert recompute_line(line).matches
    counted = line.now["counted"]
    assert [(sequence, start) for _, start, sequence in counted] == [(0, "2026-06-01T00:00:00+00:00")]
    assert line.now["billed"] == "100.00"


@pytest.mark.parametrize(
    ("billed", "now", "amount"),
    [
        # 500.00 - 350.00 = 150.00 were filled up: with 390.00 110.00 are due, with 600.00 nothing, with 300.00 200.00.
        ("350.00", "390.00", "-40.00"),
        ("350.00", "600.00", "-150.00"),
        ("350.00", "300.00", "50.00"),
        ("350.00", "350.00", "0.00"),
        # Nothing was filled up.
        ("510.00", "490.00", "10.00"),
    ],
)
def test_a_second_line_of_a_period_is_the_difference_to_what_was_filled_up(billed, now, amount):
    june = Period(day(6, 1), day(7, 1))
    counted = (LineKey(1, june.start, 0),)
    before, later = (
        LineState(june, june, Decimal(1), counted=counted, billed=Decimal(amount)) for amount in (billed, now)
    )
    rated = rate_line(
        charge=PlanMinimum(Decimal(500), prorate=False), name="Minimum", currency="USD", before=before, now=later
    )
    assert str(rated.amount) == amount
