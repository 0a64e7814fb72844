"""What the API answers about features, plans and add-ons is what the document says, member by member."""

from tests.pricing.catalogue_api import addon, fee, phase, plan, usage
from tests.test_openapi_answers import call, document  # noqa: F401 (fixtures)


def _meter(call):  # noqa: F811
    meter = {"slug": "tokens", "eventType": "tokens", "aggregation": "SUM", "valueProperty": "$.tokens"}
    call("POST /api/v1/meters", meter | {"groupBy": {"model": "$.model"}}, status=201)


def test_features_and_their_costs(call):  # noqa: F811
    _meter(call)
    sent = {"key": "tokens", "name": "Tokens", "meterSlug": "tokens", "meterGroupByFilters": {"model": "large"}}
    cost = {"type": "llm", "provider": "openai", "modelProperty": "model", "tokenType": "output"}
    call("POST /api/v1/features", sent | {"metadata": {"a": "b"}, "unitCost": cost}, status=201)
    call("POST /api/v1/features", sent | {"key": "x", "unitCost": {"type": "manual", "amount": "1"}}, status=201)
    call("POST /api/v1/features", sent, status=409)
    call("GET /api/v1/features")
    call("GET /api/v1/features", query={"page": 1})
    call("DELETE /api/v1/features/{featureId}", status=204, featureId="x")
    call("GET /api/v1/features", query={"includeArchived": "true"})
    call("GET /api/v1/features/{featureId}", featureId="tokens")
    call("GET /api/v1/features/{featureId}", status=404, featureId="x")


def _every_kind_of_card():
    unit, flat = {"type": "unit", "amount": "1"}, {"type": "flat", "amount": "1"}
    tiers = [{"upToAmount": "5", "flatPrice": flat, "unitPrice": None}, {"flatPrice": None, "unitPrice": unit}]
    cell = {"match": {"model": "large"}, "price": unit}
    prices = [
        unit | {"minimumAmount": "1", "maximumAmount": "2"},
        {"type": "tiered", "mode": "volume", "tiers": tiers, "flatPriceAtZeroUsage": False},
        {"type": "package", "amount": "1", "quantityPerPackage": "10"},
        {"type": "dynamic", "multiplier": "1.5"},
        {"type": "matrix", "dimensions": ["model"], "cells": [cell], "default": unit},
        flat,
    ]
    metered = {"type": "metered", "issueAfterReset": 5, "isSoftLimit": True, "usagePeriod": "P1M"}
    everything = {
        "description": "Tokens",
        "metadata": {"a": "b"},
        "entitlementTemplate": metered | {"issueAfterResetPriority": 3, "preserveOverageAtReset": True},
        "discounts": {"percentage": {"percentage": 5.5}, "usage": {"quantity": "5"}},
        "taxConfig": {"behavior": "inclusive", "stripe": {"code": "txcd_10000000"}},
        "unitConfig": {"operation": "divide", "conversionFactor": "10", "rounding": "floor", "precision": 1},
        "prorateCommitments": True,
    }
    yield from (usage(price=price) for price in prices)
    yield usage(**everything)
    yield usage(price=None, entitlementTemplate={"type": "static", "config": "{}"})
    yield fee(billingCadence=None, price=None)


def test_plans_and_add_ons(call):  # noqa: F811
    _meter(call)
    call("POST /api/v1/features", {"key": "tokens", "name": "Tokens", "meterSlug": "tokens"}, status=201)
    phases = [
        phase(card, key=f"p{place}", duration="P1M", description="One", metadata={"a": "b"})
        for place, card in enumerate(_every_kind_of_card())
    ]
    sent = plan(*phases, phase(fee()), minimumAmount="5", description="Pro", metadata={"a": "b"})
    pro = {"planId": call("POST /api/v1/plans", sent, status=201)["id"]}
    changed = {name: value for name, value in sent.items() if name not in ("key", "currency")}
    call("PUT /api/v1/plans/{planId}", changed, **pro)
    call("POST /api/v1/plans", plan(phases=[], key="none"), status=400)
    seats = call("POST /api/v1/addons", addon(instanceType="multiple"), status=201)["id"]
    sent = {name: value for name, value in addon(instanceType="multiple").items() if name not in ("key", "currency")}
    call("PUT /api/v1/addons/{addonId}", sent, addonId=seats)
    call("POST /api/v1/addons/{addonId}/publish", addonId=seats)
    offered = {"fromPlanPhase": "default", "maxQuantity": 2, "metadata": {"a": "b"}}
    call("POST /api/v1/plans/{planId}/addons", offered | {"addonId": seats}, status=201, **pro)
    call("POST /api/v1/plans/{planId}/addons", offered | {"addonId": seats}, status=409, **pro)
    call("GET /api/v1/plans/{planId}/addons", **pro)
    call("GET /api/v1/plans/{planId}/addons/{planAddonId}", planAddonId=seats, **pro)
    call("PUT /api/v1/plans/{planId}/addons/{planAddonId}", offered, planAddonId=seats, **pro)
    call("POST /api/v1/plans/{planId}/publish", **pro)
    call("DELETE /api/v1/plans/{planId}/addons/{planAddonId}", status=400, planAddonId=seats, **pro)
    call("GET /api/v1/plans", query={"keyVersion[pro]": "1"})
    call("GET /api/v1/plans/{planId}", query={"includeLatest": "true"}, planId="pro")
    draft = {"planId": call("POST /api/v1/plans/{planIdOrKey}/next", status=201, planIdOrKey="pro")["id"]}
    call("DELETE /api/v1/plans/{planId}/addons/{planAddonId}", status=204, planAddonId=seats, **draft)
    call("DELETE /api/v1/plans/{planId}", status=204, **draft)
    call("POST /api/v1/plans/{planId}/archive", **pro)
    call("GET /api/v1/addons")
    call("GET /api/v1/addons/{addonId}", addonId="seats")
    call("POST /api/v1/addons/{addonId}/archive", addonId=seats)
    call("DELETE /api/v1/addons/{addonId}", status=204, addonId=seats)
