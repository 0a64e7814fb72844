"""Rate cards' prices, discounts, conversions and commitments come from JSON; a wrong one is refused with its field."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pricing.prices import (
    Charge,
    Discounts,
    DynamicPrice,
    FlatPrice,
    InvalidPrice,
    Operation,
    PackagePrice,
    PaymentTerm,
    UnitConfig,
    UnitPrice,
    UnitRounding,
    charge_of,
    parse_charge,
)
from pricing.terms import Terms

UNIT = {"type": "unit", "amount": "1"}
FLAT = {"type": "flat", "amount": "1"}
VOLUME = {"type": "tiered", "mode": "volume", "tiers": [{}]}
CONVERSION = {"operation": "divide", "conversionFactor": "1000"}


def percent(value):
    return {"percentage": {"percentage": value}}


def test_it_reads_everything_that_a_rate_card_charges():
    charge = parse_charge(
        price={**UNIT, "minimumAmount": "5", "maximumAmount": "50"},
        discounts={"percentage": {"percentage": 12.5}, "usage": {"quantity": "100"}},
        unit_config={**CONVERSION, "rounding": "half_up", "precision": 2, "displayUnit": "GB"},
        prorate_commitments=True,
    )

    assert charge == Charge(
        UnitPrice(Decimal(1)),
        Discounts(usage=Decimal(100), percentage=Decimal("12.5")),
        UnitConfig(Operation.DIVIDE, Decimal(1000), UnitRounding.HALF_UP, 2, "GB"),
        minimum=Decimal(5),
        maximum=Decimal(50),
        prorate_commitments=True,
    )


@pytest.mark.parametrize(("price", "term"), [(FLAT, PaymentTerm.IN_ADVANCE), (UNIT, PaymentTerm.IN_ARREARS)])
def test_it_knows_when_a_charge_falls_due(price, term):
    assert parse_charge(price=price).payment_term == term


def test_it_knows_which_groups_a_charge_needs():
    matrix = {
        "type": "matrix",
        "dimensions": ["region", "tier"],
        "cells": [{"match": {"region": "eu"}, "price": UNIT}],
    }

    assert parse_charge(price=matrix).needs_groups == ("region", "tier")
    assert parse_charge(price=UNIT).needs_groups == ()


@pytest.mark.parametrize(
    ("data", "price"),
    [
        ({"type": "dynamic"}, DynamicPrice(Decimal(1))),
        ({"type": "dynamic", "multiplier": "0.01"}, DynamicPrice(Decimal("0.01"))),
        ({"type": "package", "amount": "5", "quantityPerPackage": "0.5"}, PackagePrice(Decimal(5), Decimal("0.5"))),
        ({**FLAT, "paymentTerm": "in_arrears"}, FlatPrice(Decimal(1), PaymentTerm.IN_ARREARS)),
    ],
)
def test_it_reads_the_other_kinds(data, price):
    assert parse_charge(price=data) == Charge(price)


@pytest.mark.parametrize(
    ("value", "read"), [(50, "50"), ("50", "50"), (33.3, "33.3"), (Decimal("1E+1"), "10"), (0, "0")]
)
def test_it_reads_a_percentage_from_a_number_or_a_string(value, read):
    assert parse_charge(price=UNIT, discounts=percent(value)).discounts.percentage == Decimal(read)


def test_it_reads_terms_and_none_from_terms_without_a_price():
    card = Terms(type="usage_based", key="tokens", name="Tokens")

    assert charge_of(card) is None
    priced = replace(card, price=UNIT, unit_config=CONVERSION)
    assert charge_of(priced) == parse_charge(price=UNIT, unit_config=CONVERSION)


def test_it_ignores_whose_discount_it_is():
    assert parse_charge(
        price=UNIT, discounts={"usage": {"quantity": "1", "correlationId": "01G65Z755AFWAKHE12NY0CQ9FH"}}
    ).discounts == Discounts(usage=Decimal(1))


CASES = [
    ("$.price.type", {"price": {"type": "barter"}}),
    ("$.price.amount", {"price": {"type": "unit", "amount": 1}}),
    ("$.price.minimumAmount", {"price": {**FLAT, "minimumAmount": "1"}}),
    ("$.price.minimumAmount", {"price": {**UNIT, "minimumAmount": "-1"}}),
    ("$.price.maximumAmount", {"price": {**UNIT, "minimumAmount": "2", "maximumAmount": "1"}}),
    ("$.price.quantityPerPackage", {"price": {"type": "package", "amount": "1", "quantityPerPackage": "0"}}),
    (
        "$.price.flatPriceAtZeroUsage",
        {"price": {"type": "tiered", "mode": "volume", "tiers": [{}], "flatPriceAtZeroUsage": 1}},
    ),
    ("$.discounts.percentage.percentage", {"price": UNIT, "discounts": percent("100.01")}),
    ("$.discounts.percentage.percentage", {"price": UNIT, "discounts": percent(True)}),
    ("$.discounts.percentage.percentage", {"price": UNIT, "discounts": percent(1e-7 * 1e-40)}),
    ("$.discounts.usage.quantity", {"price": UNIT, "discounts": {"usage": {"quantity": "-1"}}}),
    ("$.discounts.usage.quantity", {"price": UNIT, "discounts": {"usage": {}}}),
    ("$.discounts.free", {"price": UNIT, "discounts": {"free": "1"}}),
    ("$.unitConfig.operation", {"price": UNIT, "unit_config": {**CONVERSION, "operation": "add"}}),
    ("$.unitConfig.conversionFactor", {"price": UNIT, "unit_config": {**CONVERSION, "conversionFactor": "0"}}),
    ("$.unitConfig.rounding", {"price": UNIT, "unit_config": {**CONVERSION, "rounding": "up"}}),
    ("$.unitConfig.precision", {"price": UNIT, "unit_config": {**CONVERSION, "precision": 21}}),
    ("$.unitConfig.displayUnit", {"price": UNIT, "unit_config": {**CONVERSION, "displayUnit": 5}}),
]


@pytest.mark.parametrize(("field", "members"), CASES)
def test_it_refuses_a_wrong_member_and_names_its_field(field, members):
    with pytest.raises(InvalidPrice) as refusal:
        parse_charge(**members)

    assert refusal.value.field == field
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("field", "code", "members"),
    [
        ("$.discounts.usage", "usage_discount_with_flat_price", {"discounts": {"usage": {"quantity": "1"}}}),
        ("$.unitConfig", "unit_config_requires_usage_based_price", {"unit_config": CONVERSION}),
    ],
)
def test_it_refuses_what_counts_usage_beside_a_flat_price(field, code, members):
    with pytest.raises(InvalidPrice) as refusal:
        parse_charge(price=FLAT, **members)

    assert (refusal.value.field, refusal.value.code) == (field, code)
