"""How many invoices a billing run writes, issues and collects; runs with the settings of the installation."""

import json
import sys
import time
from datetime import UTC, datetime, timedelta

import django

_START = datetime(2026, 1, 1, tzinfo=UTC)
_END = datetime(2026, 2, 1, tzinfo=UTC)
# After the time in which late usage is collected.
_BILLED = _END + timedelta(hours=2)
_LINES = 5
_EVENTS_PER_LINE = 4
_BATCH = 1_000
_EVENT_TYPE = "bench_billing"


class NotBilled(Exception):
    """A run did not write what it should have; the message says what it did."""


def main() -> None:
    """Print as JSON invoices a second for each number of customers; arguments: the numbers."""
    sizes = [int(word) for word in sys.argv[1:]]
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from billing_site.embedded_postgres import EmbeddedPostgres

    with EmbeddedPostgres(settings.DATA_DIR).running():
        call_command("migrate", interactive=False, verbosity=0)
        print(json.dumps(invoice_rates(sizes)))  # noqa: T201


def invoice_rates(sizes: list[int]) -> list[float]:
    """
    Return for each number of customers, who are others each time, how many invoices a second a run makes of a month.

    An invoice has five lines of usage; documents are not rendered, as a job does that afterwards.

    :raises NotBilled: if there is not one invoice a customer.
    """
    plan_id = _plan()
    return [_rate(f"bench-{place}", customers, plan_id) for place, customers in enumerate(sizes)]


def _rate(name: str, customers: int, plan_id: int) -> float:
    from invoicing.services.billing_run import run_billing

    customer_ids = [_customer(f"{name}-{number}", plan_id) for number in range(customers)]
    _use(name, customers)
    _vacuum()
    began = time.monotonic()
    run = run_billing(now=_BILLED, customer_ids=customer_ids)
    seconds = time.monotonic() - began
    if run.invoices != customers or run.failures:
        raise NotBilled(f"{run.invoices} invoices for {customers} customers; {len(run.failures)} failed.")
    _check(customer_ids)
    return customers / seconds


def _plan() -> int:
    from metering.services.meters import create_meter
    from pricing.services.features import create_feature
    from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan

    meter = create_meter(
        slug=_EVENT_TYPE,
        event_type=_EVENT_TYPE,
        aggregation="SUM",
        value_property="$.units",
        group_by={"kind": "$.kind"},
        at=_START,
    )
    cards = []
    for line in range(_LINES):
        key = f"kind_{line}"
        feature = create_feature(key=key, name=key, at=_START, meter=meter, filters={"kind": key})
        price = {"type": "unit", "amount": "0.01"}
        cards.append(RateCardInput(type="usage_based", key=key, name=key, feature=feature, price=price))
    draft = create_plan(key="bench", name="Bench", currency="USD", at=_START, phases=[PhaseInput(cards)])
    return publish_plan(plan_id=draft.pk, at=_START).pk


def _customer(key: str, plan_id: int) -> int:
    from metering.services.customers import create_customer
    from pricing.services.subscriptions.start import start_subscription

    customer = create_customer(name=key, key=key, at=_START)
    start_subscription(customer_id=customer.pk, plan_id=plan_id, at=_START, active_from=_START)
    return customer.pk


def _use(name: str, customers: int) -> None:
    """Store each customer's events of the month, and carry them into buckets."""
    from metering.ingest.decode import decode_events
    from metering.ingest.writer import store_events
    from metering.services.rollups import advance_rollups

    total = customers * _LINES * _EVENTS_PER_LINE
    for first in range(0, total, _BATCH):
        body = json.dumps([_event(name, number) for number in range(first, min(first + _BATCH, total))]).encode()
        store_events(decode_events(body, "application/json", at=_START, api_key_id=None), at=_START)
    while advance_rollups():
        pass


def _event(name: str, number: int) -> dict[str, object]:
    customer, place = divmod(number, _LINES * _EVENTS_PER_LINE)
    return {
        "id": f"{name}-{number}",
        "source": "bench",
        "type": _EVENT_TYPE,
        "subject": f"{name}-{customer}",
        "time": (_START + timedelta(days=place, minutes=customer % 1_440)).isoformat(),
        "data": {"kind": f"kind_{place % _LINES}", "units": 100},
    }


def _check(customer_ids: list[int]) -> None:
    """See that every invoice has its five lines of 4 x 100 units at 0.01, so 20.00."""
    from invoicing.models import Invoice

    wrong = Invoice.objects.filter(customer__in=customer_ids, billed_at__lte=_BILLED, total__gt=0).exclude(total=20)
    found = Invoice.objects.filter(customer__in=customer_ids, total=20).count()
    if wrong.exists() or found != len(customer_ids):
        raise NotBilled(f"{found} of {len(customer_ids)} invoices are of 20.00.")


def _vacuum() -> None:
    """Do what autovacuum comes to after some minutes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


if __name__ == "__main__":
    main()
