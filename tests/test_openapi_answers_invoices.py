"""What the API answers about invoices is what the document says, member by member."""

from tests.factories import CustomerFactory
from tests.invoicing.simulations import asked
from tests.test_openapi_answers import call, document  # noqa: F401 (fixtures)

SIMULATE = "POST /api/v1/billing/customers/{customerId}/invoices/simulate"


def test_simulated_invoices(call):  # noqa: F811
    address = {"country": "DE", "city": "Berlin"}
    customer = CustomerFactory(key="acme", billing_address=address, subject_keys=["acme-prod"])
    unit = {"type": "unit", "amount": "1", "minimumAmount": "20", "maximumAmount": "30"}
    tiers = [{"upToAmount": "5", "flatPrice": {"type": "flat", "amount": "1"}, "unitPrice": None}]
    tiered = {"type": "tiered", "mode": "graduated", "tiers": [*tiers, {"flatPrice": None, "unitPrice": unit_price()}]}
    cell = {"match": {"model": "large"}, "price": unit_price()}
    by_groups = [{"groups": {"model": "large"}, "quantity": "3"}]
    discounts = {"percentage": {"percentage": 12.5}, "usage": {"quantity": "2"}}
    config = {"operation": "divide", "conversionFactor": "1000", "rounding": "ceiling", "displayUnit": "k"}
    lines = [
        asked(unit, 50, before=3, discounts=discounts, featureKey="tokens", metadata={"a": "b"}, description="Usage"),
        asked(tiered, 10, taxConfig={"behavior": "exclusive"}),
        asked({"type": "package", "amount": "5", "quantityPerPackage": "3"}, 5000, unitConfig=config),
        asked({"type": "dynamic", "multiplier": "1.1"}, 5),
        asked({"type": "flat", "amount": "5", "paymentTerm": "in_arrears"}, 1),
        asked({"type": "matrix", "dimensions": ["model"], "cells": [cell]}, 3, quantityByGroups=by_groups),
    ]
    call(SIMULATE, {"currency": "USD", "lines": lines, "number": "TRY-1"}, customerId=customer.ulid)
    call(SIMULATE, {"currency": "USD", "lines": []}, customerId="acme")
    call(SIMULATE, {"currency": "USD"}, status=400, customerId="acme")
    call(SIMULATE, {"currency": "USD", "lines": [asked({"type": "free"}, 1)]}, status=400, customerId="acme")
    call(SIMULATE, {"currency": "USD", "lines": []}, status=404, customerId="nobody")


def unit_price():
    return {"type": "unit", "amount": "1"}
