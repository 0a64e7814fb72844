"""Every event says where it was billed: on which line, not yet, or nowhere."""

import pytest

from invoicing.lines import LineState
from invoicing.models import InvoiceLine, LineCause
from invoicing.queries.event_bills import bills_of_events
from invoicing.services.billing_run import run_billing
from metering.models import Event
from metering.queries.verdicts import verdicts_of
from metering.serializers.events import verdict_output
from tests import factories
from tests.invoicing.contracts import day, subscribe, use
from tests.invoicing.followed_lines import follow, measured_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer():
    """Someone who pays by the token from January on; January is billed."""
    customer = subscribe(fee=None).customer
    use(customer, 95, day(1, 10))
    run_billing(now=day(2, 2))
    return customer


@pytest.fixture
def line(customer):
    return InvoiceLine.objects.get()


def bill(**chosen):
    """Return where one event was billed: its state, and the line."""
    found = bills_of_events([Event.objects.get(**chosen)])
    return [(bill.state, bill.line and bill.line.pk) for bills in found.values() for bill in bills]


def next_invoice(customer):
    return factories.InvoiceFactory(customer=customer, billed_at=day(3, 1))


def test_an_event_is_billed_on_the_line_that_counted_it(line):
    assert bill(time=day(1, 10)) == [("billed", line.pk)]


def test_usage_of_a_period_that_is_not_billed_is_open(customer, line):
    use(customer, 7, day(2, 5))
    assert bill(time=day(2, 5)) == [("open", None)]


def test_late_usage_is_open_until_a_line_bills_the_change(customer, line):
    use(customer, 25, day(1, 20))
    assert bill(time=day(1, 20)) == [("open", None)]
    change = follow(line, now=measured_now(line), invoice=next_invoice(customer))
    assert bill(time=day(1, 20)) == [("billed", change.pk)]
    assert bill(time=day(1, 10)) == [("billed", line.pk)]


def test_what_a_cancellation_takes_back_is_open_until_it_is_billed_again(customer, line):
    cancelled = follow(line, now=None, invoice=next_invoice(customer), cause=LineCause.CANCELLATION)
    assert bill(time=day(1, 10)) == [("open", None)]
    again = follow(cancelled, now=LineState.from_json(line.now), invoice=next_invoice_in_april(customer))
    assert bill(time=day(1, 10)) == [("billed", again.pk)]


def next_invoice_in_april(customer):
    return factories.InvoiceFactory(customer=customer, billed_at=day(4, 1))


def test_a_void_event_stays_on_its_line_until_the_change_is_billed(customer, line):
    event = Event.objects.get()
    factories.EventVoidFactory(event_key=event.key)
    assert bill(time=day(1, 10)) == [("billed", line.pk)]
    follow(line, now=measured_now(line), invoice=next_invoice(customer))
    assert bill(time=day(1, 10)) == []


def test_usage_without_an_agreement_has_no_price(customer, line):
    use(customer, 3, day(1, 1).replace(year=2025))
    assert bill(time=day(1, 1).replace(year=2025)) == [("no_price", None)]


def test_usage_that_an_agreement_includes_costs_nothing(customer, line):
    line.subscription_item.subscription.items.update(price=None)
    use(customer, 3, day(2, 7))
    assert bill(time=day(2, 7)) == [("included", None)]


def test_what_no_meter_or_nobody_counts_has_no_bill(customer, line):
    factories.EventFactory(type="unknown", subject=customer.key, time=day(1, 3))
    factories.EventFactory(subject="nobody", time=day(1, 4))
    factories.EventFactory(subject=customer.key, time=day(1, 5), data={"tokens": "many"})
    assert [bill(time=day(1, number)) for number in (3, 4, 5)] == [[], [], []]


def test_a_feature_bills_what_its_filters_let_through(customer, line):
    use(customer, 5, day(2, 6))
    feature = line.feature
    feature.filters = {"model": {"$eq": "small"}}
    feature.save()
    assert bill(time=day(2, 6)) == [("no_price", None)]


def test_a_line_by_hand_bills_an_event_until_it_is_cancelled(customer, line):
    made = factories.InvoiceLineFactory(
        **{name: getattr(line, name) for name in ("feature", "meter_version", "now", "type", "price")},
        invoice=next_invoice(customer),
        subscription_item=None,
        managed_by="manual",
        name="Extra",
    )
    assert bill(time=day(1, 10)) == [("billed", line.pk), ("billed", made.pk)]
    follow(made, now=None, invoice=next_invoice_in_april(customer), cause=LineCause.CANCELLATION, managed_by="manual")
    assert bill(time=day(1, 10)) == [("billed", line.pk)]


def test_the_verdict_names_invoice_and_line(customer, line):
    event = Event.objects.get()
    assert verdict_output(verdicts_of([event])[event.key])["bills"] == [
        {
            "state": "billed",
            "featureKey": line.feature.key,
            "invoiceId": line.invoice.ulid,
            "invoiceNumber": line.invoice.number,
            "lineId": line.ulid,
        }
    ]


def test_many_events_take_as_many_queries_as_one(customer, line, django_assert_num_queries):
    for number in range(1, 6):
        use(customer, number, day(2, number))
    events = list(Event.objects.all())
    with django_assert_num_queries(6):
        bills_of_events(events[:1])
    with django_assert_num_queries(6):
        assert len(bills_of_events(events)) == 6
