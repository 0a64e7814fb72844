"""What is on sale in the lives of random subscriptions: plans with phases, and add-ons that some of them offer."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from pricing.models import Plan
from pricing.services.addons import create_addon, publish_addon
from pricing.services.plan_addons import attach_addon
from pricing.services.plan_inputs import PhaseInput, PlanInput, RateCardInput
from pricing.services.plans import create_plan, publish_plan
from tests.factories import START, FeatureFactory

# When the second version of the plan takes the place of the first.
SECOND_VERSION_AT = datetime(2026, 4, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Catalogue:
    """`given` are the plans as they were given, by primary key; the cards of an add-on are named by their keys."""

    plans: dict[str, Plan]
    given: dict[int, PlanInput]
    custom: PlanInput
    addon_cards: dict[int, set[str]]
    cards: list[RateCardInput]


def flat(key, amount, cadence="P1M", term="in_advance"):
    price = {"type": "flat", "amount": amount, "paymentTerm": term}
    return RateCardInput("flat_fee", key, key.title(), price, billing_cadence=cadence)


def usage(feature, amount, **members):
    price = amount and {"type": "unit", "amount": amount}
    return RateCardInput("usage_based", feature.key, "Tokens", price, feature, **members)


def open_catalogue() -> Catalogue:
    tokens = FeatureFactory(key="tokens")
    fees = {key: flat("fee", amount) for key, amount in (("ramp", "10.00"), ("main", "20.00"), ("more", "25.00"))}
    trial = PhaseInput([flat("setup", "99.00", None), usage(tokens, None)], "trial", "Trial", "P14D")
    ramp = PhaseInput([fees["ramp"], usage(tokens, "0.01")], "ramp", "Ramp", "P2M")
    support = flat("support", "90.00", "P3M", "in_arrears")
    main = PhaseInput([fees["main"], usage(tokens, "0.02"), support], "main", "Main")
    least = {"minimum_amount": Decimal(50), "prorate_minimum": True}
    first = PlanInput("Pro", "USD", [trial, ramp, main], key="pro", **least)
    second = PlanInput("Pro", "USD", [ramp, PhaseInput([fees["more"]], "main", "Main")], key="pro")
    other = PlanInput("Max", "USD", [PhaseInput([flat("fee", "200.00"), usage(tokens, "0.001")])], key="max")
    addons = [
        _addon("seats", [flat("fee", "5.00"), flat("seats", "3.00")], "multiple"),
        _addon("boost", [usage(tokens, None, discounts={"usage": {"quantity": "100"}})], "single"),
    ]
    plans = {
        "pro 1": _publish(first, addons, "trial", START),
        "pro 2": _publish(second, addons, "main", SECOND_VERSION_AT),
        "max": _publish(other, addons[:1], "default", START),
    }
    given = {plans["pro 1"].pk: first, plans["pro 2"].pk: second, plans["max"].pk: other}
    cards = [flat("fee", "7.00"), flat("fee", "70.00", "P3M"), flat("seats", "1.00", term="in_arrears"),
             flat("setup", "9.00", None), usage(tokens, "0.03"), usage(tokens, None)]  # fmt: skip
    custom = PlanInput("Agreed", "USD", [PhaseInput([flat("fee", "1.00")], "main", "Main")], billing_cadence="P1W")
    return Catalogue(plans, given, custom, {addon.pk: keys for addon, keys in addons}, cards)


def _addon(key, cards, instance_type):
    addon = create_addon(
        key=key, name=key.title(), currency="USD", at=START, rate_cards=cards, instance_type=instance_type
    )
    return publish_addon(addon_id=addon.pk, at=START), {card.key for card in cards}


def _publish(given, addons, from_phase_key, at):
    members = {name: value for name, value in vars(given).items() if name not in ("phases",)}
    plan = create_plan(**members, phases=given.phases, at=at)
    for addon, _ in addons:
        attach_addon(plan_id=plan.pk, addon_id=addon.pk, from_phase_key=from_phase_key, at=at)
    return publish_plan(plan_id=plan.pk, at=at)
