"""An invoice is simulated over the API: priced, explained in OpenMeter's shape, and not stored."""

import pytest

from invoicing.models import Invoice
from metering.models import Scope
from tests.factories import START, CustomerFactory
from tests.invoicing.simulations import JUNE, api_client, asked, simulate

pytestmark = pytest.mark.django_db
UNIT = {"type": "unit", "amount": "10"}
VOLUME = {
    "type": "tiered",
    "mode": "volume",
    "tiers": [
        {"upToAmount": "5", "flatPrice": {"type": "flat", "amount": "100"}, "unitPrice": None},
        {"flatPrice": None, "unitPrice": {"type": "unit", "amount": "5"}},
    ],
}


@pytest.fixture
def client():
    CustomerFactory(key="acme", name="Acme Ltd", currency="USD")
    return api_client()


def totals(line):
    return {name: line["totals"][name] for name in ("amount", "chargesTotal", "discountsTotal", "total")}


def discounts(line):
    found = line["children"][0]["discounts"]["amount"]
    return [(discount["reason"]["type"], discount["amount"]) for discount in found]


def test_it_answers_an_invoice_and_stores_none(client):
    answer = simulate(client, asked(UNIT, 3, featureKey="tokens"))
    assert (answer["number"], answer["type"], answer["status"]) == ("INV-SIMULATED", "standard", "draft")
    assert answer["customer"]["key"] == "acme"
    assert answer["period"] == JUNE
    (line,) = answer["lines"]
    assert (line["quantity"], line["meteredQuantity"], line["featureKey"]) == ("3", "3", "tokens")
    (child,) = line["children"]
    assert (child["name"], child["quantity"], child["perUnitAmount"]) == ("Tokens: usage in period", "3", "10")
    assert answer["totals"]["total"] == line["totals"]["total"] == child["totals"]["total"] == "30.00"
    assert not Invoice.objects.exists()


def test_a_part_of_a_period_pays_less_what_was_billed_and_each_discount_says_why(client):
    line = asked({**UNIT, "maximumAmount": "100"}, 20, before=7, discounts={"percentage": {"percentage": 50}})
    (line,) = simulate(client, line)["lines"]
    # 20 x 10.00 less 50 % of it, and less what is above 100.00 with the 35.00 that were billed.
    assert discounts(line) == [("ratecard_percentage", "100.00"), ("maximum_spend", "35.00")]
    assert totals(line) == {"amount": "200.00", "chargesTotal": "0.00", "discountsTotal": "135.00", "total": "65.00"}
    assert (line["preLinePeriodQuantity"], line["meteredPreLinePeriodQuantity"]) == ("7", "7")


def test_free_units_are_used_up_by_what_came_before(client):
    (line,) = simulate(client, asked(UNIT, 15, before=5, discounts={"usage": {"quantity": "10"}}))["lines"]
    # 5 of the 10 free units went to what came before, so 10 of the 15 cost something.
    assert (line["quantity"], line["meteredQuantity"], line["preLinePeriodQuantity"]) == ("10", "15", "0")
    (discount,) = line["discounts"]["usage"]
    assert (discount["reason"], discount["quantity"], discount["preLinePeriodQuantity"]) == (
        {"type": "ratecard_usage", "quantity": "10"},
        "5",
        "5",
    )
    assert line["totals"]["total"] == "100.00"


def test_a_minimum_is_a_charge_of_its_own(client):
    (line,) = simulate(client, asked({**VOLUME, "minimumAmount": "150"}, 5))["lines"]
    assert [(child["category"], child["totals"]["total"]) for child in line["children"]][-1] == ("commitment", "50.00")
    assert totals(line) == {"amount": "100.00", "chargesTotal": "50.00", "discountsTotal": "0.00", "total": "150.00"}


def test_a_price_by_groups_takes_what_was_used_with_each(client):
    price = {
        "type": "matrix",
        "dimensions": ["region"],
        "cells": [{"match": {"region": "eu"}, "price": {"type": "unit", "amount": "2"}}],
        "default": {"type": "unit", "amount": "1"},
    }
    by_groups = [{"groups": {"region": "eu"}, "quantity": "3"}, {"groups": {}, "quantity": "4"}]
    answer = simulate(client, asked(price, 7, quantityByGroups=by_groups))
    # 3 x 2.00 + 4 x 1.00
    assert answer["totals"]["total"] == "10.00"
    refusal = simulate(client, asked(price, 8, quantityByGroups=by_groups), status=400)
    assert "quantityByGroups" in refusal["detail"]


def test_it_takes_the_price_where_older_clients_write_it_and_the_customer_by_id(client):
    customer = CustomerFactory(key="other")
    line = {**asked(None, 2), "price": {"type": "flat", "amount": "9.5"}}
    answer = simulate(client, line, customer=customer.ulid, currency="JPY", number="TRY-1")
    # 9.5 yen are 10.
    assert (answer["number"], answer["totals"]["total"], answer["customer"]["id"]) == ("TRY-1", "10", customer.ulid)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (asked({"type": "unit", "amount": "-1"}, 1), "$.lines[1].rateCard.price.amount"),
        (
            asked(UNIT, 1, discounts={"percentage": {"percentage": 101}}),
            "$.lines[1].rateCard.discounts.percentage.percentage",
        ),
        (asked(UNIT, 1, unitConfig={"operation": "divide"}), "$.lines[1].rateCard.unitConfig.conversionFactor"),
    ],
)
def test_it_names_what_of_a_line_cannot_be(client, line, field):
    refusal = simulate(client, asked(UNIT, 1), line, status=400)
    assert [error["field"] for error in refusal["extensions"]["validationErrors"]] == [field]


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": "-1"},
        {"quantity": 1},
        {"quantity": "many"},
        {"rateCard": {}},
        {"period": {"from": JUNE["to"], "to": JUNE["from"]}},
        {"name": ""},
    ],
)
def test_it_refuses_lines_that_say_too_little(client, change):
    simulate(client, asked(UNIT, 1) | change, status=400)


def test_it_refuses_unknown_currencies_and_customers(client):
    simulate(client, asked(UNIT, 1), currency="XXY", status=400)
    simulate(client, asked(UNIT, 1), customer="nobody", status=404)
    gone = CustomerFactory(key="gone", deleted_at=START)
    simulate(client, asked(UNIT, 1), customer=gone.ulid, status=412)


def test_a_key_that_may_read_is_enough():
    CustomerFactory(key="acme")
    assert simulate(api_client(scopes=[Scope.READ]), asked(UNIT, 1))["totals"]["total"] == "10.00"
