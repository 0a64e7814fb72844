"""The plan editor: phases, rate cards of every kind and offers in one form, errors beside their inputs."""

from dataclasses import replace

import pytest
from django.urls import reverse

from pricing.admin.editor import same_terms
from pricing.models import Plan, RateCard
from pricing.services.plans import PhaseInput, RateCardInput, create_plan
from tests.console.plan_inputs import flat, inputs_of, phase, plan_form, usage
from tests.factories import START, AddonFactory, FeatureFactory, MeterVersionFactory

ADD_PLAN = reverse("admin:pricing_plan_add")


@pytest.fixture
def tokens(db):
    meter = MeterVersionFactory(meter__slug="tokens", group_by={"region": "$.region", "tier": "$.tier"}).meter
    return FeatureFactory(key="tokens", meter=meter)


@pytest.fixture
def requests(db):
    return FeatureFactory(key="requests", meter=MeterVersionFactory(meter__slug="requests").meter)


def change_url(plan):
    return reverse("admin:pricing_plan_change", args=(plan.pk,))


def matrix(feature):
    return usage(
        feature,
        "matrix",
        dimensions="region, tier",
        cells=[{"match": "region = eu\ntier = gold", "kind": "unit", "amount": "0.03"}],
        rest=[{"kind": "package", "amount": "1", "size": "100"}],
    )


def two_phases(tokens, requests):
    trial = phase(
        usage(requests, "package", amount="5", size="1000"), matrix(tokens), key="trial", name="Trial", duration="P1M"
    )
    graduated = usage(requests, "graduated", ("100", "0", ""), ("", "0.02", "5"), included="100")
    return plan_form(trial, phase(flat(), graduated), minimum_amount="50")


def test_it_makes_a_plan_of_two_phases_with_prices_of_several_kinds(console, tokens, requests):
    page = console.post(ADD_PLAN, two_phases(tokens, requests))
    assert page.status_code == 302, page.context["adminform"].form.errors
    plan = Plan.objects.get()
    assert plan.minimum_amount == 50
    assert list(plan.phases.order_by("position").values_list("key", "duration")) == [("trial", "P1M"), ("default", "")]
    prices = {f"{card.phase.key}.{card.key}": card.price for card in RateCard.objects.select_related("phase")}
    assert prices["trial.requests"] == {"type": "package", "amount": "5", "quantityPerPackage": "1000"}
    assert prices["trial.tokens"] == {
        "type": "matrix",
        "dimensions": ["region", "tier"],
        "cells": [{"match": {"region": "eu", "tier": "gold"}, "price": {"type": "unit", "amount": "0.03"}}],
        "default": {"type": "package", "amount": "1", "quantityPerPackage": "100"},
    }
    assert [tier.get("upToAmount") for tier in prices["default.requests"]["tiers"]] == ["100", None]


def test_it_changes_nothing_of_a_draft_that_is_saved_as_it_was(console, tokens, requests):
    console.post(ADD_PLAN, two_phases(tokens, requests))
    plan = Plan.objects.get()
    before = list(RateCard.objects.order_by("pk").values())
    form = console.get(change_url(plan)).context["adminform"].form
    assert console.post(change_url(plan), inputs_of(form) | {"description": "For teams"}).status_code == 302
    plan.refresh_from_db()
    assert plan.description == "For teams"
    assert list(RateCard.objects.order_by("pk").values()) == before


def test_it_keeps_what_came_through_the_api_and_has_no_input(console, tokens):
    tiers = [{"upToAmount": str(number), "unitPrice": {"type": "unit", "amount": "1.50"}} for number in range(1, 12)]
    tiers.append({"flatPrice": {"type": "flat", "amount": "3"}, "unitPrice": {"type": "unit", "amount": "0.5"}})
    card = RateCardInput(
        type="usage_based",
        key="tokens",
        name="Tokens",
        price={"type": "tiered", "mode": "volume", "tiers": tiers, "maximumAmount": "90"},
        feature=tokens,
        billing_cadence="P12M",
        discounts={"percentage": {"percentage": "12.5", "correlationId": "spring"}},
        unit_config={"operation": "divide", "conversionFactor": "1000", "rounding": "ceiling", "precision": 1},
        entitlement_template={"type": "metered", "isSoftLimit": False, "issueAfterReset": 500, "metadata": {"a": "b"}},
        tax_config={"behavior": "exclusive", "stripe": {"code": "txcd_10000000"}},
        metadata={"empty": ""},
    )
    plan = create_plan(
        key="pro", name="Pro", currency="USD", billing_cadence="P12M", phases=[PhaseInput([card])], at=START
    )
    stored = plan.phases.get().rate_cards.get()
    sent = inputs_of(console.get(change_url(plan)).context["adminform"].form)
    assert console.post(change_url(plan), sent | {"phases-0-cards-0-name": "All tokens"}).status_code == 302
    changed = plan.phases.get().rate_cards.get()
    assert changed.name == "All tokens"
    assert same_terms(replace(changed.terms, name="Tokens"), stored.terms)


@pytest.mark.parametrize(
    ("given", "tier", "discount", "allowance"),
    [
        ({"kind": "unit", "amount": "0.1", "included": "250"}, None, "250", "250"),
        ({"kind": "graduated", "included": "250", "included_was": "100"}, "250", None, "250"),
        ({"kind": "graduated", "included": "100", "included_was": "100"}, "100", None, "100"),
        ({"kind": "graduated", "included": "40", "included_was": "40"}, "100", None, "100"),
        ({"kind": "unit", "amount": "0.1", "included": "250", "entitlement": "none"}, None, "250", None),
        ({"kind": "unit", "amount": "0.1", "entitlement": "metered", "allowance": "9"}, None, None, "9"),
    ],
)
def test_it_takes_included_units_in_one_input(console, tokens, given, tier, discount, allowance):
    tiers = [("100", "0", ""), ("", "0.02", "")] if given["kind"] == "graduated" else []
    card = usage(tokens, given["kind"], *tiers) | given
    page = console.post(ADD_PLAN, plan_form(phase(card)))
    assert page.status_code == 302, page.context["adminform"].form.rows["phases"][0].rows["cards"][0].errors
    stored = RateCard.objects.get()
    found = [stored.price.get("tiers", [{}])[0].get("upToAmount"), (stored.discounts or {}).get("usage")]
    assert found == [tier, None if discount is None else {"quantity": discount}]
    assert (stored.entitlement_template or {}).get("issueAfterReset") == allowance


def test_it_offers_add_ons_with_the_plan(console):
    seats = AddonFactory(key="seats", instance_type="multiple", active=True)
    offer = {"addon": seats.pk, "from_phase": "default", "max_quantity": "5"}
    assert console.post(ADD_PLAN, plan_form(phase(flat()), offers=[offer])).status_code == 302
    plan = Plan.objects.get()
    assert plan.plan_addons.values_list("addon", "from_phase_key", "max_quantity").get() == (seats.pk, "default", 5)
    changed = plan_form(phase(flat()), offers=[offer | {"max_quantity": ""}])
    assert console.post(change_url(plan), changed).status_code == 302
    assert plan.plan_addons.get().max_quantity is None
    assert console.post(change_url(plan), plan_form(phase(flat()))).status_code == 302
    assert not plan.plan_addons.exists()


def test_it_takes_a_plan_with_many_rate_cards(console):
    blanks = dict.fromkeys(
        ("description", "minimum", "maximum", "percentage", "unit_factor", "allowance", "config"), ""
    )
    cards = [flat(key=f"fee_{number}", **blanks) for number in range(80)]
    form = plan_form(phase(*cards))
    assert len(form) > 1000
    assert console.post(ADD_PLAN, form).status_code == 302
    assert RateCard.objects.count() == 80
