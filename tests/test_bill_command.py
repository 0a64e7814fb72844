from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from invoicing.models import BillingRun, Invoice
from metering import clock
from pricing.models import SubscriptionItem
from tests.factories import CustomerFactory
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda customer=None: day(2, 2))


def bill(*arguments):
    out = StringIO()
    call_command("bill", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().splitlines()


def test_it_says_what_it_wrote_for_each_currency_and_status():
    acme = subscribe(customer=CustomerFactory(key="acme", currency="USD"))
    use(acme.customer, 150, day(1, 10))
    refused = CustomerFactory(currency="EUR", metadata={"openmeter.io/sandbox/target-payment-status": "failed"})
    subscribe(customer=refused, currency="EUR", tokens=None)
    lines = bill()
    run = BillingRun.objects.get()
    assert lines[:2] == [
        f"Looked at 2 customers as of 2026-02-02T00:00:00+00:00, up to batch {run.bound}.",
        "Wrote 4 invoices.",
    ]
    # Acme: 20.00 for January, then 20.00 + 100 x 0.10 + 50 x 0.05 = 32.50. The other: 20.00 twice.
    assert [line.split() for line in lines[2:4]] == [
        ["2", "payment_processing.failed", "40.00", "EUR"],
        ["2", "paid", "52.50", "USD"],
    ]
    assert lines[4:] == [
        f"  {acme.customer.name}, 2026-01-01: 20.00 USD: first invoice",
        f"  {refused.name}, 2026-01-01: 20.00 EUR: first invoice",
    ]


def test_a_dry_run_says_what_would_be_billed_and_what_is_unusual_of_it():
    acme = subscribe(customer=CustomerFactory(key="acme", name="Acme Ltd", currency="USD"))
    use(acme.customer, 150, day(1, 10))
    broken = subscribe(customer=CustomerFactory(name="Broken Ltd", currency="USD"))
    SubscriptionItem.objects.filter(subscription=broken, key="fee").update(price={"type": "nothing"})
    lines = bill("--dry-run")
    # 20.00 for January; 20.00 + 100 x 0.10 + 50 x 0.05 = 32.50
    assert lines[:3] == [
        "Would bill 2 invoices of 2 customers; nothing was written.",
        "                 52.50 USD before tax",
        "  Acme Ltd, 2026-01-01: 20.00 USD: first invoice",
    ]
    assert lines[3].startswith("Cannot be billed: Broken Ltd: The price of 'Base fee' cannot be read")
    assert not Invoice.objects.exists()
    assert not BillingRun.objects.exists()


def test_several_workers_bill_each_customer_once():
    customers = [subscribe().customer for _ in range(3)]
    assert "Wrote 6 invoices." in bill("--workers", "3")
    assert [customer.invoices.count() for customer in customers] == [2, 2, 2]
    assert bill("--workers", "3")[1:] == ["Wrote 0 invoices."]


def test_it_changes_nothing_the_second_time():
    subscribe()
    bill()
    assert bill()[1:] == ["Wrote 0 invoices."]


def test_it_bills_up_to_a_time_in_the_past():
    subscribe()
    assert "Wrote 1 invoices." in bill("--as-of", "2026-01-15T00:00:00Z")
    assert BillingRun.objects.get().as_of == datetime(2026, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize("name", ["key", "ulid"])
def test_it_bills_one_customer_named_by_key_or_id(name):
    chosen, other = subscribe().customer, subscribe().customer
    bill("--customer", getattr(chosen, name))
    assert set(Invoice.objects.values_list("customer", flat=True)) == {chosen.pk}
    assert not other.invoices.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--customer", "nobody"], "Name a customer by key or id: there is none called 'nobody'"),
        (["--as-of", "2026-02-03T00:00:00Z"], "Choose a time for --as-of that has passed"),
        (["--as-of", "2026-02-01T00:00:00"], "write a time with its zone"),
        (["--as-of", "yesterday"], "write a time with its zone"),
        (["--workers", "0"], "Choose one worker or more for --workers."),
    ],
)
def test_it_refuses_what_cannot_be_and_does_nothing(arguments, message):
    subscribe()
    with pytest.raises(CommandError, match=message):
        bill(*arguments)
    assert not BillingRun.objects.exists()


def test_it_names_a_customer_who_could_not_be_billed_and_fails():
    broken = subscribe(customer=CustomerFactory(name="Broken Ltd", currency="USD"))
    SubscriptionItem.objects.filter(subscription=broken, key="fee").update(price={"type": "nothing"})
    sound = subscribe()
    out = StringIO()
    with pytest.raises(CommandError, match="1 failures; the reasons are above"):
        call_command("bill", stdout=out, stderr=StringIO())
    assert "Not billed: Broken Ltd: The price of 'Base fee' cannot be read" in out.getvalue()
    assert sound.customer.invoices.count() == 2
