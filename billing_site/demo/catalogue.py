"""What the demo's company sells: meters, features, plans and an add-on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from billing_site.demo import company
from billing_site.demo.client import ApiClient
from billing_site.demo.traffic import EVENT_TYPE
from metering.models import Meter
from pricing.models import Addon, Feature, Plan
from pricing.services.addons import create_addon, publish_addon
from pricing.services.features import create_feature
from pricing.services.plan_addons import attach_addon
from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan

_METERED = (("input_tokens", "Input tokens"), ("output_tokens", "Output tokens"), ("requests", "Requests"))
Features = Mapping[str, Feature]


@dataclass(frozen=True)
class Catalogue:
    """Three plans by size, one that starts with a trial, and an add-on to the two larger ones."""

    starter: Plan
    growth: Plan
    scale: Plan
    team: Plan
    support: Addon


def make_catalogue(client: ApiClient, at: datetime) -> Catalogue:
    """Make and publish everything that is on sale."""
    features = _features(client, at)
    support = _support(at)
    starter, growth, scale = (_publish(offer, features, support, at) for offer in company.PLANS)
    return Catalogue(starter, growth, scale, _team(features, at), support)


def _features(client: ApiClient, at: datetime) -> Features:
    for slug, name in _METERED:
        body: dict[str, object] = {"aggregation": "COUNT"}
        if slug != "requests":
            body = {"aggregation": "SUM", "valueProperty": f"$.{slug}"}
        shared = {"slug": slug, "name": name, "eventType": EVENT_TYPE, "groupBy": {"model": "$.model"}}
        client.post("/api/v1/meters", shared | body)
    return {
        slug: create_feature(key=slug, name=name, at=at, meter=Meter.objects.get(slug=slug)) for slug, name in _METERED
    }


def _support(at: datetime) -> Addon:
    card = _fee("support", "Priority support", company.SUPPORT_MONTHLY)
    draft = create_addon(key="support", name="Priority support", currency="USD", at=at, rate_cards=[card])
    return publish_addon(addon_id=draft.pk, at=at)


def _publish(offer: company.PlanOffer, features: Features, support: Addon, at: datetime) -> Plan:
    cards = [
        _fee("platform_fee", f"{offer.name} platform fee", offer.monthly),
        _usage(features["input_tokens"], _tiered("graduated", offer.input_tiers)),
        _usage(features["output_tokens"], _tiered("graduated", offer.output_tiers)),
    ]
    draft = create_plan(key=offer.key, name=offer.name, currency="USD", at=at, phases=[PhaseInput(cards)])
    if offer.key in company.SUPPORTED_PLANS:
        attach_addon(plan_id=draft.pk, addon_id=support.pk, from_phase_key="default", at=at)
    return publish_plan(plan_id=draft.pk, at=at)


def _team(features: Features, at: datetime) -> Plan:
    """Make a plan that is free for two weeks, and then bills begun packages of requests and tokens by volume."""
    package = {"type": "package", "amount": company.TEAM_PACKAGE, "quantityPerPackage": "100"}
    included = {"usage": {"quantity": company.TEAM_INCLUDED}}
    trial = [_usage(feature, None) for feature in features.values()]
    paid = [
        _fee("platform_fee", "Team platform fee", company.TEAM_MONTHLY),
        _usage(features["requests"], package, discounts=included),
        _usage(features["input_tokens"], _tiered("volume", company.TEAM_INPUT_TIERS)),
        _usage(features["output_tokens"], {"type": "unit", "amount": "0.00004", "maximumAmount": "60.00"}),
    ]
    phases = [
        PhaseInput(trial, key="trial", name="Trial", duration="P14D"),
        PhaseInput(paid, key="team", name="Team"),
    ]
    draft = create_plan(key="team", name="Team", currency="USD", at=at, phases=phases)
    return publish_plan(plan_id=draft.pk, at=at)


def _fee(key: str, name: str, amount: str) -> RateCardInput:
    price = {"type": "flat", "amount": amount, "paymentTerm": "in_advance"}
    return RateCardInput(type="flat_fee", key=key, name=name, price=price)


def _usage(
    feature: Feature, price: Mapping[str, object] | None, discounts: Mapping[str, object] | None = None
) -> RateCardInput:
    return RateCardInput(
        type="usage_based", key=feature.key, name=feature.name, feature=feature, price=price, discounts=discounts
    )


def _tiered(mode: str, tiers: Iterable[tuple[str | None, str]]) -> dict[str, object]:
    return {
        "type": "tiered",
        "mode": mode,
        "tiers": [
            ({"upToAmount": up_to} if up_to else {}) | {"unitPrice": {"type": "unit", "amount": unit}}
            for up_to, unit in tiers
        ],
    }
