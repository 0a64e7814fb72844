"""
A customer of the portal on 20 January 2026, noon (UTC).

They pay 20.00 a month in advance, 0.10 for each of the first 100 tokens and 0.05 for the rest, and have used 90 tokens
of the model `large` and 30 of `small` on 5 January, and 40 of `large` on the 19th.
"""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache

from invoicing.services.billing_run import run_billing
from metering.services.clocks import move_test_clock
from tests.factories import CustomerFactory, EventFactory, MemberFactory, TestClockFactory
from tests.invoicing.contracts import day, subscribe

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_rate_limits_from_other_tests():
    cache.clear()


@pytest.fixture
def customer(db):
    customer = CustomerFactory(
        key="acme",
        name="Acme Ltd",
        currency="USD",
        test_clock=TestClockFactory(now_at=NOW),
        primary_email="a@acme.example",
    )
    subscribe(customer=customer)
    use(customer, 90, "large", day(1, 5, 9))
    use(customer, 30, "small", day(1, 5, 23))
    use(customer, 40, "large", day(1, 19))
    return customer


@pytest.fixture
def portal(client, customer):
    """A browser of a member of the customer."""
    client.force_login(MemberFactory(customer=customer).user)
    return client


@pytest.fixture
def invoice(customer):
    """The second invoice: the usage of January and the fee of February; it is 1 February, one in the morning."""
    move_test_clock(clock_id=customer.test_clock_id, to=day(2, 1, 1), at=NOW)
    run_billing(now=NOW)
    return customer.invoices.get(billed_at=day(2, 1))


@pytest.fixture
def usage_line(invoice):
    return invoice.lines.get(type="usage_based")


def use(customer, tokens, model, at):
    EventFactory(subject=customer.key, time=at, data={"tokens": tokens, "model": model})
