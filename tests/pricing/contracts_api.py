"""What the tests of subscriptions over the API begin with: plans on sale, a customer, and shorthands for requests."""

from datetime import UTC, datetime

from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan
from tests.factories import CustomerFactory, FeatureFactory

URL = "/api/v1/subscriptions"
START = datetime(2026, 1, 1, tzinfo=UTC)
FEE = {"type": "flat", "amount": "20.00", "paymentTerm": "in_advance"}
TIERS = {
    "type": "tiered",
    "mode": "graduated",
    "tiers": [
        {"upToAmount": "100", "flatPrice": None, "unitPrice": {"type": "unit", "amount": "0.10"}},
        {"flatPrice": None, "unitPrice": {"type": "unit", "amount": "0.05"}},
    ],
}
SUPPORT = {
    "type": "flat_fee",
    "key": "support",
    "name": "Support",
    "billingCadence": "P1M",
    "price": {"type": "flat", "amount": "5", "paymentTerm": "in_arrears"},
}
TEMPLATE = {"type": "metered", "issueAfterReset": 1000, "isSoftLimit": True}


def fee_card(amount="20.00", **fields):
    return RateCardInput("flat_fee", "fee", "Base fee", {**FEE, "amount": amount}, **fields)


def tokens_card(feature, **fields):
    return RateCardInput("usage_based", feature.key, "Tokens", TIERS, feature, entitlement_template=TEMPLATE, **fields)


def published(*phases, key="pro", at=START, **fields):
    plan = create_plan(key=key, name=key.title(), currency="USD", at=at, phases=phases, **fields)
    return publish_plan(plan_id=plan.pk, at=at)


def pro(feature=None, **fields):
    """A month of trial, free of the fee, then the fee; tokens by tiers in both."""
    tokens = tokens_card(feature or FeatureFactory(key="tokens"))
    trial = PhaseInput([tokens], key="trial", name="Trial", duration="P1M")
    return published(trial, PhaseInput([fee_card(), tokens], key="standard", name="Standard"), **fields)


def flat(key="flat", amount="20.00", **fields):
    return published(PhaseInput([fee_card(amount)]), key=key, **fields)


def acme(**fields):
    return CustomerFactory(**{"key": "acme", "name": "Acme", "currency": "USD", **fields})


def post(api, path, body=None, **headers):
    return api.post(f"{URL}{path}", body or {}, format="json", headers=headers)


def subscribe(api, plan="flat", **body):
    response = post(api, "", {"plan": {"key": plan}, "customerKey": "acme", **body})
    assert response.status_code == 201, response.json()
    return response.json()
