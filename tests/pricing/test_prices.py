"""Prices come from OpenMeter's JSON shape and go back into it; a wrong one is refused with its field."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.prices import FlatPrice, GraduatedPrice, InvalidPrice, PaymentTerm, Tier, parse_price, price_to_json
from tests.pricing import random_charges


def flat(amount):
    return {"type": "flat", "amount": amount}


def unit(amount):
    return {"type": "unit", "amount": amount}


def tier(up_to=None, *, flat_price=None, unit_price=None):
    bound = {} if up_to is None else {"upToAmount": up_to}
    return {**bound, "flatPrice": flat_price, "unitPrice": unit_price}


def graduated(*tiers):
    return {"type": "tiered", "mode": "graduated", "tiers": list(tiers)}


def test_it_reads_a_flat_price():
    price = parse_price({"type": "flat", "amount": "20.00", "paymentTerm": "in_arrears"})

    assert price == FlatPrice(Decimal("20.00"), PaymentTerm.IN_ARREARS)


def test_it_bills_a_flat_price_in_advance_unless_told_otherwise():
    assert parse_price(flat("20")) == parse_price({**flat("20"), "paymentTerm": None})
    assert parse_price(flat("20")) == FlatPrice(Decimal(20), PaymentTerm.IN_ADVANCE)


def test_it_reads_a_graduated_price():
    data = graduated(
        tier("1000000", flat_price=flat("1"), unit_price=unit("0.000002")), tier(unit_price=unit("0.0000015"))
    )

    assert parse_price(data) == GraduatedPrice(
        (
            Tier(Decimal(1000000), unit_amount=Decimal("0.000002"), flat_amount=Decimal(1)),
            Tier(None, unit_amount=Decimal("0.0000015"), flat_amount=Decimal(0)),
        )
    )
    assert price_to_json(parse_price(data)) == data


def test_it_takes_an_absent_member_for_null():
    absent = {"type": "tiered", "mode": "graduated", "tiers": [{"unitPrice": unit("1")}]}
    null = graduated({"upToAmount": None, "flatPrice": None, "unitPrice": unit("1")})

    assert parse_price(absent) == parse_price(null)


def test_it_takes_a_member_it_does_not_know_if_it_is_null():
    # Generated clients send every member of a schema.
    assert parse_price({**flat("20"), "minimumAmount": None}) == parse_price(flat("20"))


def test_it_has_no_negative_zero():
    assert price_to_json(parse_price(flat("-0.00")))["amount"] == "0.00"


def test_it_keeps_the_digits_of_an_amount():
    assert price_to_json(parse_price(flat("20.00"))) == {**flat("20.00"), "paymentTerm": "in_advance"}


def test_it_writes_a_small_amount_without_an_exponent():
    assert price_to_json(FlatPrice(Decimal("1E-9")))["amount"] == "0.000000001"


def test_it_sorts_tiers_by_their_bounds():
    jumbled = graduated(tier("10"), tier(), tier("5", unit_price=unit("1")))

    assert [found.up_to for found in parse_price(jumbled).tiers] == [5, 10, None]


def test_it_charges_the_first_flat_price_without_usage_unless_told_otherwise():
    switched_off = {**graduated(tier()), "flatPriceAtZeroUsage": False}

    assert parse_price(graduated(tier())).flat_at_zero
    assert not parse_price(switched_off).flat_at_zero
    assert price_to_json(parse_price(switched_off))["flatPriceAtZeroUsage"] is False


def test_it_writes_the_commitments_of_a_price():
    price = parse_price(unit("1"))

    assert price_to_json(price, minimum=Decimal(5), maximum=Decimal(50)) == {
        **unit("1"),
        "minimumAmount": "5",
        "maximumAmount": "50",
    }


def test_it_shows_the_unit_price_of_a_free_tier():
    assert price_to_json(parse_price(graduated(tier())))["tiers"] == [tier(unit_price=unit("0"))]


CASES = [
    ("$", "20.00"),
    ("$.type", {"amount": "1"}),
    ("$.type", {"type": "barter", "amount": "1"}),
    ("$.type", {"type": ["flat"], "amount": "1"}),
    ("$.amount", {"type": "flat"}),
    ("$.amount", flat(20)),
    ("$.amount", flat("1e3")),
    ("$.amount", flat("20,00")),
    ("$.amount", flat("20.")),
    ("$.amount", flat("٢")),  # a digit, but not an ASCII one
    ("$.amount", flat("20\n")),
    ("$.amount", flat("NaN")),
    ("$.amount", flat("-1")),
    ("$.amount", flat("1" * 39)),
    ("$.amount", flat("0." + "1" * 39)),
    ("$.paymentTerm", {**flat("1"), "paymentTerm": "later"}),
    ("$.paymentTerm", {**flat("1"), "paymentTerm": ["in_advance"]}),
    ("$.minimumAmount", {**flat("1"), "minimumAmount": "5"}),
    ("$.mode", {"type": "tiered", "mode": "stairs", "tiers": [tier()]}),
    ("$.mode", {"type": "tiered", "tiers": [tier()]}),
    ("$.tiers", {"type": "tiered", "mode": "graduated"}),
    ("$.tiers", graduated()),
    ("$.tiers", {"type": "tiered", "mode": "graduated", "tiers": "all"}),
    ("$.maximumAmount", {**graduated(tier()), "minimumAmount": "5.01", "maximumAmount": "5"}),
    ("$.tiers[0]", graduated("5")),
    ("$.tiers[0].unit", graduated({"unit": unit("1")})),
    ("$.tiers[0].upToAmount", graduated(tier("many"), tier())),
    ("$.tiers[0].upToAmount", graduated(tier("-1"), tier())),
    ("$.tiers[0].upToAmount", graduated(tier(), tier())),
    ("$.tiers[1].upToAmount", graduated(tier("5"), tier("5"), tier())),
    ("$.tiers[1].upToAmount", graduated(tier("5"), tier("5.00"), tier())),
    ("$.tiers[1].upToAmount", graduated(tier("5"), tier("6"))),
    ("$.tiers[0].unitPrice", graduated(tier(unit_price="1"))),
    ("$.tiers[0].unitPrice.type", graduated(tier(unit_price=flat("1")))),
    ("$.tiers[0].unitPrice.amount", graduated(tier(unit_price=unit("-1")))),
    ("$.tiers[0].flatPrice.amount", graduated(tier(flat_price={"type": "flat"}))),
    ("$.tiers[0].flatPrice.paymentTerm", graduated(tier(flat_price={**flat("1"), "paymentTerm": "in_advance"}))),
]


def matrix(*cells, dimensions=("region", "tier"), **members):
    return {"type": "matrix", "dimensions": list(dimensions), "cells": list(cells), **members}


def cell(price=None, **match):
    return {"match": match, "price": price or unit("1")}


CASES += [
    ("$.dimensions", matrix(cell(region="eu"), dimensions=())),
    ("$.dimensions", matrix(cell(region="eu"), dimensions=("region", "region"))),
    ("$.cells", matrix()),
    ("$.cells[0].match", matrix(cell())),
    ("$.cells[0].match.colour", matrix(cell(colour="red"))),
    ("$.cells[0].match.region", matrix(cell(region=1))),
    ("$.cells[1].match", matrix(cell(region="eu"), cell(region="eu"))),
    ("$.cells[0].price.type", matrix(cell(flat("1"), region="eu"))),
    ("$.cells[0].price.type", matrix(cell(matrix(cell(region="eu")), region="eu"))),
    ("$.cells[0].price.minimumAmount", matrix(cell({**unit("1"), "minimumAmount": "1"}, region="eu"))),
    ("$.default.amount", matrix(cell(region="eu"), default={"type": "unit"})),
]


@pytest.mark.parametrize(("field", "data"), CASES)
def test_it_refuses_a_wrong_price_and_names_the_field(field, data):
    with pytest.raises(InvalidPrice) as refusal:
        parse_price(data)

    assert refusal.value.field == field
    assert str(refusal.value).endswith(".")


@given(price=st.one_of(random_charges.flat, random_charges.usage_prices, random_charges.matrix()))
def test_it_reads_back_what_it_wrote(price):
    assert parse_price(json.loads(json.dumps(price_to_json(price)))) == price
