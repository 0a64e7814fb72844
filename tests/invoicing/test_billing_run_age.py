"""A billing run reads what is not billed yet, however long a contract has been paid for."""

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from invoicing.queries.bills import bills_of
from invoicing.queries.contracts import open_contracts
from invoicing.services.billing_run import run_billing
from tests import factories
from tests.invoicing.agreements import agree, bill, fee, metered, unit
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


def test_its_queries_and_the_rows_they_read_do_not_grow():
    subscription = agree(fee("5.00"), metered(unit("1")), fee("9.00", cadence=None, key="setup"), at=day(1, 1))
    read = []
    for month in (2, 3, 10, 11):
        bill(subscription, day(month, 1, hour=1))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            (contract,) = open_contracts(Q(pk=subscription.pk))
        items = [(opened.item.key, opened.since) for opened in contract.items]
        read.append(len(queries))
        # The fee that was billed once is not among them.
        assert items == [("fee", day(month + 1, 1)), (contract.items[1].item.key, day(month, 1))]
        assert bills_of(subscription.customer, [contract], until=day(month, 20)) == []
    assert read[0] >= read[1] == read[2] == read[3]


def test_contracts_that_are_billed_to_their_end_are_not_read_again():
    subscription = agree(fee("5.00", term="in_arrears"), at=day(1, 1))
    ended = factories.SubscriptionFactory(customer=factories.CustomerFactory(), active_to=day(2, 1))
    factories.SubscriptionItemFactory(subscription=ended, active_to=day(2, 1))
    run_billing(now=day(2, 2))
    assert [contract.subscription for contract in open_contracts(Q())] == [subscription]


def test_a_subscription_that_awaits_its_payment_is_billed_nothing():
    subscription = agree(metered(unit("1")), at=day(1, 1))
    use(subscription.customer, 10, day(1, 5))
    waiting = factories.SubscriptionFactory(
        customer=subscription.customer, supersedes=subscription, awaits_payment=True, active_from=day(1, 2)
    )
    factories.SubscriptionItemFactory(subscription=waiting)
    assert [line[0] for line in bill(subscription, day(2, 2))] == ["Tokens"]
    assert not waiting.items.filter(lines__isnull=False).exists()
