"""A customer on the real server, made there by `manage.py shell`; every period boundary is days away from now."""

import json
from datetime import UTC, datetime, timedelta

from django.db import connection

from invoicing.services.billing_run import run_billing
from metering.ingest.decode import decode_events
from metering.ingest.writer import write_events
from metering.services.customers import create_customer
from metering.services.meters import create_meter
from pricing.services.features import create_feature
from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan
from pricing.services.subscriptions.start import start_subscription
from tests.invoicing.contracts import FEE, TOKENS

EMAIL = "billing@harbour.example"
SUBJECT = "harbour"
EVENT_TYPE = "harbour.request"


def build() -> None:
    """Subscribe a customer 40 days ago; 150 tokens fell into the first period, whose invoice is written."""
    now = datetime.now(UTC)
    start = now - timedelta(days=40)
    meter = create_meter(
        slug="harbour_tokens",
        event_type=EVENT_TYPE,
        aggregation="SUM",
        value_property="$.tokens",
        group_by={"model": "$.model"},
        at=start,
    )
    tokens = create_feature(key="harbour_tokens", name="Tokens", meter=meter, at=start)
    cards = [
        RateCardInput(type="flat_fee", key="fee", name="Base fee", price=FEE),
        RateCardInput(type="usage_based", key=tokens.key, name="Tokens", feature=tokens, price=TOKENS),
    ]
    plan = create_plan(key="harbour", name="Pro", currency="USD", at=start, phases=[PhaseInput(cards)])
    plan = publish_plan(plan_id=plan.pk, at=start)
    customer = create_customer(name="Harbour Ltd", key=SUBJECT, primary_email=EMAIL, currency="USD", at=start)
    start_subscription(customer_id=customer.pk, plan_id=plan.pk, active_from=start, at=start)
    body = event_body("first", tokens=150, at=start + timedelta(days=5))
    with connection.cursor() as cursor:
        write_events(cursor, decode_events(body, "application/cloudevents+json", at=now, api_key_id=None), at=now)
    run_billing(now=now, customer_ids=[customer.pk])


def event_body(event_id: str, *, tokens: int, at: datetime, model: str = "large") -> bytes:
    """Return an event of the customer, as it is posted."""
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "harbour",
        "type": EVENT_TYPE,
        "subject": SUBJECT,
        "time": at.isoformat(),
        "data": {"tokens": tokens, "model": model},
    }
    return json.dumps(event).encode()
