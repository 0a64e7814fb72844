"""What is unusual of a bill is said before it goes out, and of what a run wrote."""

from decimal import Decimal

import pytest

from invoicing.anomalies import Anomaly, BillFacts, anomalies_of
from invoicing.models import Invoice, InvoiceLine
from invoicing.queries.anomalies import notable_bills
from invoicing.services.billing_run import preview_billing, run_billing
from tests.invoicing.contracts import day, subscribe, use


@pytest.mark.parametrize(
    ("total", "earlier", "expected"),
    [
        # Mean 20, standard deviation the root of 6 = 2.449...: three of them are 7.348...
        ("27.34", (17, 20, 23), ()),
        ("27.35", (17, 20, 23), (Anomaly.JUMP,)),
        ("12.65", (17, 20, 23), (Anomaly.JUMP,)),
        ("12.66", (17, 20, 23), ()),
        ("20.01", (20, 20, 20), (Anomaly.JUMP,)),
        ("900", (20, 20), ()),
        ("-1", (20, 20), (Anomaly.NEGATIVE,)),
        ("20", (), (Anomaly.FIRST,)),
    ],
)
def test_totals_are_seen_against_the_earlier_ones(total, earlier, expected):
    facts = BillFacts(Decimal(total), is_metered=False, has_usage=False, earlier=[Decimal(one) for one in earlier])
    assert anomalies_of(facts) == expected


@pytest.mark.parametrize(("used", "expected"), [(True, ()), (False, (Anomaly.NO_USAGE,))])
def test_a_bill_for_usage_without_any_is_unusual(used, expected):
    assert anomalies_of(BillFacts(Decimal(0), is_metered=True, has_usage=used, earlier=[Decimal(0)])) == expected


@pytest.mark.django_db
def test_a_preview_says_what_the_run_then_writes_and_writes_nothing():
    quiet, busy = subscribe(), subscribe()
    for month in (1, 2, 3):
        for tokens, subscription in ((20, quiet), (20 + month, busy)):
            use(subscription.customer, tokens, day(month, 5))
    run_billing(now=day(4, 1, hour=1))
    use(busy.customer, 2000, day(4, 5))
    known = InvoiceLine.objects.count()
    preview = preview_billing(now=day(5, 1, hour=1))
    assert (InvoiceLine.objects.count(), preview.customers, len(preview.bills), preview.failures) == (known, 2, 2, ())
    # 20.00 and nothing used; 20.00 + 100 x 0.10 + 1,900 x 0.05
    assert preview.totals == {"USD": Decimal("145.00")}
    found = [(bill.customer, bill.total, bill.anomalies) for bill in preview.notable]
    run = run_billing(now=day(5, 1, hour=1))
    assert found == [
        (quiet.customer, Decimal("20.00"), (Anomaly.NO_USAGE,)),
        (busy.customer, Decimal("125.00"), (Anomaly.JUMP,)),
    ]
    assert [(bill.customer, bill.total, bill.anomalies) for bill in notable_bills(run)] == found
    assert (run.totals, run.done, run.invoices) == ({"USD": "145.00"}, 2, 2)
    assert set(Invoice.objects.filter(run=run).values_list("total", flat=True)) == {Decimal(20), Decimal(125)}
