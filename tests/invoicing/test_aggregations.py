"""A feature may count different values, or take the latest one: what a customer's subjects did does not add up."""

from decimal import Decimal

import pytest

from invoicing.models import InvoiceLine
from invoicing.queries import explain_line, recompute_line, upcoming_invoice
from invoicing.services.billing_run import run_billing
from metering.models import Aggregation
from metering.services.rollups import advance_rollups
from tests import factories
from tests.invoicing.contracts import day, subscribe

pytestmark = pytest.mark.django_db
PER_UNIT = {"type": "tiered", "mode": "graduated", "tiers": [{"unitPrice": {"type": "unit", "amount": "2"}}]}
SEATS = [
    ("acme", "ann", day(1, 10)),
    ("acme", "bob", day(1, 10, hour=1)),
    ("acme/labs", "ann", day(1, 10, hour=2)),
    ("acme/labs", "cy", day(1, 20)),
    ("acme", "ann", day(1, 20)),
]
LEVELS = [
    ("acme", "7", day(1, 10)),
    ("acme/labs", "30", day(1, 20)),
    ("acme/labs", "5", day(1, 20, hour=1)),
    ("acme", "4", day(1, 20)),
]


def contract(aggregation, uses):
    version = factories.MeterVersionFactory(meter__aggregation=aggregation, meter__value_property="$.it")
    feature = factories.FeatureFactory(version=version)
    customer = factories.CustomerFactory(key="acme", currency="USD")
    subscription = subscribe(customer=customer, fee=None, tokens=PER_UNIT, feature=feature)
    labs = factories.SubjectFactory(key="acme/labs")
    factories.SubjectLinkFactory(subject=labs, customer=customer)
    for subject, value, time in uses:
        factories.EventFactory(subject=subject, time=time, data={"it": value})
    return subscription


@pytest.mark.parametrize(
    ("aggregation", "uses", "quantity", "days"),
    [
        # Ann, Bob and Cy, who are three; on the 10th Ann and Bob, on the 20th Ann and Cy.
        (Aggregation.UNIQUE_COUNT, SEATS, 3, [2, 2]),
        # The last of all came on the 20th at 01:00.
        (Aggregation.LATEST, LEVELS, 5, [7, 5]),
    ],
)
@pytest.mark.parametrize("is_rolled_up", [False, True])
def test_it_bills_what_a_customer_used_over_all_subjects_and_days(aggregation, uses, quantity, days, is_rolled_up):
    subscription = contract(aggregation, uses)
    while is_rolled_up and advance_rollups():
        pass
    upcoming = upcoming_invoice(customer=subscription.customer, at=day(1, 25))
    assert [(line.quantity, line.amount) for line in upcoming.lines] == [(quantity, 2 * quantity)]
    run_billing(now=day(2, 2))
    line = InvoiceLine.objects.get()
    assert (line.quantity, line.amount) == (Decimal(quantity), Decimal(2 * quantity))
    assert recompute_line(line).differences == ()
    explanation = explain_line(line)
    assert [value for _, value in explanation.usage_by_day] == days
    assert explanation.event_count == len(uses)
