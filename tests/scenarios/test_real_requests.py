"""An hour of real LLM requests, posted, metered and billed, against a plain sum over the file."""

import csv
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from invoicing.models import Invoice, InvoiceLine
from invoicing.queries import line_events, recompute_line
from invoicing.services.billing_run import run_billing
from metering.models import Event
from metering.services.rollups import advance_rollups
from tests.scenarios.shop import event, fee, post, publish, sign_up, usage

# Azure's public trace of November 2023 (CC-BY 4.0) lies beside the checkout where it is available.
TRACE = Path(__file__).resolve().parents[3] / "shared/data/AzureLLMInferenceTrace_code.csv"
START, END = datetime(2023, 11, 1, tzinfo=UTC), datetime(2023, 12, 1, 1, tzinfo=UTC)
CENT = Decimal("0.01")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not TRACE.exists(), reason=f"There is no {TRACE.name} beside the checkout."),
]


@pytest.fixture(scope="module")
def rows():
    with TRACE.open(newline="") as file:
        return list(csv.DictReader(file))


def as_event(number, row):
    return event(
        number,
        row["TIMESTAMP"].replace(" ", "T") + "Z",
        subject="acme",
        context=int(row["ContextTokens"]),
        generated=int(row["GeneratedTokens"]),
    )


def post_all(api, rows):
    events = [as_event(number, row) for number, row in enumerate(rows)]
    for start in range(0, len(events), 1000):
        post(api, events[start : start + 1000])


@pytest.mark.parametrize("is_rolled_up", [True, False])
def test_quantity_and_total_are_those_of_a_plain_sum(api, rows, is_rolled_up):
    context = usage(api, "context", [("10000000", "0.000003"), (None, "0.0000025")], START)
    generated = usage(api, "generated", [(None, "0.000015")], START)
    subscription = sign_up(api, publish(fee("20.00"), context, generated, at=START), at=START)
    post_all(api, rows)
    while is_rolled_up and advance_rollups():
        pass
    run_billing(now=END)

    assert len(rows) == Event.objects.count() == 8819
    total_context = sum(int(row["ContextTokens"]) for row in rows)
    total_generated = sum(int(row["GeneratedTokens"]) for row in rows)
    lines = {line.name: line for line in InvoiceLine.objects.filter(type="usage_based")}
    assert {name: line.quantity for name, line in lines.items()} == {
        "Context": total_context,
        "Generated": total_generated,
    }
    # Above ten million the second price holds; each part is rounded once.
    first = (10_000_000 * Decimal("0.000003")).quantize(CENT, ROUND_HALF_UP)
    second = ((total_context - 10_000_000) * Decimal("0.0000025")).quantize(CENT, ROUND_HALF_UP)
    third = (total_generated * Decimal("0.000015")).quantize(CENT, ROUND_HALF_UP)
    assert [lines["Context"].amount, lines["Generated"].amount] == [first + second, third]
    invoice = Invoice.objects.get(customer=subscription.customer, billed_at=datetime(2023, 12, 1, tzinfo=UTC))
    assert invoice.total == Decimal("20.00") + first + second + third
    assert [line_events(line).count() for line in lines.values()] == [8819, 8819]
    assert all(recompute_line(line).matches for line in lines.values())


def test_posting_all_of_it_again_changes_nothing(api, rows):
    context = usage(api, "context", [(None, "0.000003")], START)
    subscription = sign_up(api, publish(context, at=START), at=START)
    post_all(api, rows)
    post_all(api, rows)
    run_billing(now=END)
    assert Event.objects.count() == 8819
    assert subscription.customer.invoices.get().lines.get().quantity == sum(int(row["ContextTokens"]) for row in rows)
