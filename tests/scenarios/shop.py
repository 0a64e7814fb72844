"""The steps that customer lives are told in: through the API where there is one, else through services."""

import json
from collections.abc import Iterable
from datetime import datetime

from rest_framework.test import APIClient

from metering.models import Customer, Meter
from pricing.models import Plan, Subscription
from pricing.services.features import create_feature
from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan
from pricing.services.subscriptions.start import start_subscription


def fee(amount: str) -> RateCardInput:
    """A monthly fee in advance."""
    price = {"type": "flat", "amount": amount, "paymentTerm": "in_advance"}
    return RateCardInput(type="flat_fee", key="fee", name="Base fee", price=price)


def usage(api: APIClient, slug: str, tiers: Iterable[tuple[str | None, str]], at: datetime) -> RateCardInput:
    """Sums `$.<slug>` of `llm` events; each tier is a bound, None for the last, and the price of a unit."""
    body = {"slug": slug, "eventType": "llm", "aggregation": "SUM", "valueProperty": f"$.{slug}"}
    assert api.post("/api/v1/meters", body, format="json").status_code == 201
    feature = create_feature(key=slug, name=slug.title(), at=at, meter=Meter.objects.get(slug=slug))
    price = {"type": "tiered", "mode": "graduated", "tiers": [_tier(*tier) for tier in tiers]}
    return RateCardInput(type="usage_based", key=slug, name=slug.title(), price=price, feature=feature)


def publish(*cards: RateCardInput, at: datetime) -> Plan:
    draft = create_plan(key="pro", name="Pro", currency="USD", at=at, phases=[PhaseInput(cards)])
    return publish_plan(plan_id=draft.pk, at=at)


def sign_up(api: APIClient, plan: Plan, at: datetime, anchor: datetime | None = None, **body: object) -> Subscription:
    """Create the customer `acme` and subscribe them."""
    sent = {"key": "acme", "name": "Acme", "usageAttribution": {"subjectKeys": ["acme-prod"]}, **body}
    assert api.post("/api/v1/customers", sent, format="json").status_code == 201
    customer = Customer.objects.get(key="acme")
    return start_subscription(customer_id=customer.pk, plan_id=plan.pk, at=at, active_from=at, billing_anchor=anchor)


def post(api: APIClient, events: list[dict[str, object]]) -> None:
    response = api.post("/api/v1/events", json.dumps(events), content_type="application/cloudevents-batch+json")
    assert response.status_code == 204, response.content


def event(number: int | str, at: datetime | str, subject: str = "acme-prod", **data: object) -> dict[str, object]:
    time = at if isinstance(at, str) else at.isoformat()
    return {"id": str(number), "source": "tests", "type": "llm", "subject": subject, "time": time, "data": data}


def invoices_of(subscription: Subscription) -> list[tuple[str, object, str]]:
    invoices = subscription.customer.invoices.order_by("sequence_number")
    return [(invoice.number, invoice.total, invoice.status) for invoice in invoices]


def _tier(bound: str | None, amount: str) -> dict[str, object]:
    unit = {"unitPrice": {"type": "unit", "amount": amount}}
    return unit if bound is None else {"upToAmount": bound, **unit}
