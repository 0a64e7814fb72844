"""Why a line costs what it costs."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from invoicing.models import InvoiceLine
from invoicing.queries import explain_line, line_events
from invoicing.services.billing_run import run_billing
from metering.models import Event
from metering.periods import Period
from tests import factories
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db


@pytest.fixture
def tokens():
    """January's usage line of a customer in New York, where the days start at five o'clock UTC."""
    subscription = subscribe(
        customer=factories.CustomerFactory(currency="USD", time_zone="America/New_York"), time_zone="America/New_York"
    )
    use(subscription.customer, 100, datetime(2026, 1, 11, 4, 59, tzinfo=UTC))
    use(subscription.customer, 30, datetime(2026, 1, 11, 5, tzinfo=UTC))
    use(subscription.customer, 20, datetime(2026, 1, 11, 23, tzinfo=UTC))
    run_billing(now=day(2, 2))
    use(subscription.customer, 1000, datetime(2026, 1, 11, 23, tzinfo=UTC))
    return InvoiceLine.objects.get(type="usage_based")


def test_it_shows_usage_by_day_in_the_invoices_zone(tokens):
    explanation = explain_line(tokens)
    assert explanation.usage_by_day == ((date(2026, 1, 10), Decimal(100)), (date(2026, 1, 11), Decimal(50)))
    assert explanation.event_count == 3


def test_it_shows_the_sums_and_the_states(tokens):
    explanation = explain_line(tokens)
    assert [(step.text, step.rounded) for step in explanation.steps] == [
        ("Tier 1: 100 units from 0 to 100 at 0.1 each = 10.00", Decimal("10.00")),
        ("Tier 2: 50 units from 100 to 150 at 0.05 each = 2.50", Decimal("2.50")),
    ]
    assert explanation.before is None
    assert (explanation.now.period, explanation.now.quantity) == (Period(day(1, 1), day(2, 1)), Decimal(150))


def test_it_lists_the_events_that_counted_newest_first(tokens):
    counted = [event.data["tokens"] for event in line_events(tokens)]
    assert counted == [20, 30, 100]
    assert Event.objects.count() == 4


def test_a_fee_has_no_usage():
    subscribe(tokens=None)
    run_billing(now=day(1, 1))
    fee = InvoiceLine.objects.get()
    explanation = explain_line(fee)
    assert (explanation.usage_by_day, explanation.event_count) == ((), 0)
    assert [step.text for step in explanation.steps] == ["Flat price = 20.00"]
    assert not line_events(fee).exists()


def test_events_of_another_customer_are_not_listed(tokens):
    factories.EventFactory(subject="another", time=day(1, 12))
    assert line_events(tokens).count() == 3
