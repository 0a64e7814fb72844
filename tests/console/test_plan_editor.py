"""The plan editor: phases, rate cards of every kind and offers in one form, errors beside their inputs."""

import pytest
from django.urls import reverse

from pricing.models import Plan, RateCard
from tests.console.plan_inputs import flat, inputs_of, phase, plan_form, usage
from tests.factories import FeatureFactory, MeterVersionFactory

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
