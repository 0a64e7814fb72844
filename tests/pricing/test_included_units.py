from decimal import Decimal

import pytest

from pricing.included_units import CannotInclude, free_quantity, included_units, with_included_units
from pricing.terms import Terms

UNIT = {"type": "unit", "amount": "0.01"}
REST = {"unitPrice": UNIT}
FREE_FIRST = {
    "type": "tiered",
    "mode": "graduated",
    "tiers": [{"upToAmount": "100", "unitPrice": {"type": "unit", "amount": "0"}}, {"upToAmount": "500"} | REST, REST],
}
PRICED_FIRST = {"type": "tiered", "mode": "graduated", "tiers": [{"upToAmount": "100"} | REST, REST]}
PERCENT = {"percentage": {"percentage": "10"}}


def usage(**changes):
    return Terms(**{"type": "usage_based", "key": "tokens", "name": "Tokens", "price": UNIT} | changes)


@pytest.mark.parametrize("price", [UNIT, PRICED_FIRST, {"type": "package", "amount": "1", "quantityPerPackage": "10"}])
def test_it_writes_a_usage_discount_and_the_allowance_and_reads_them_back(price):
    terms = with_included_units(usage(price=price, discounts=PERCENT), Decimal(1000))
    assert terms.discounts == PERCENT | {"usage": {"quantity": "1000"}}
    assert terms.entitlement_template == {"type": "metered", "isSoftLimit": True, "issueAfterReset": "1000"}
    assert (included_units(terms), terms.price) == (1000, price)


def test_it_moves_the_end_of_a_first_tier_that_is_free():
    terms = with_included_units(usage(price=FREE_FIRST), Decimal(250))
    assert [tier.get("upToAmount") for tier in terms.price["tiers"]] == ["250", "500", None]
    assert (included_units(terms), terms.discounts, terms.entitlement_template["issueAfterReset"]) == (250, None, "250")


def test_it_adds_a_usage_discount_to_a_free_tier_when_it_reads():
    assert free_quantity(usage(price=FREE_FIRST, discounts={"usage": {"quantity": "20"}})) == 120  # 20 + 100


def test_it_keeps_what_else_the_entitlement_says():
    template = {"type": "metered", "issueAfterReset": "5", "usagePeriod": "P1D", "isSoftLimit": False}
    terms = with_included_units(usage(entitlement_template=template), Decimal("7.5"))
    assert terms.entitlement_template == template | {"issueAfterReset": "7.5"}


def test_it_limits_hard_what_is_not_charged_for():
    terms = with_included_units(usage(price=None), Decimal(10))
    assert (terms.entitlement_template["isSoftLimit"], terms.discounts, included_units(terms)) == (False, None, 10)


@pytest.mark.parametrize("quantity", [None, Decimal(0)])
@pytest.mark.parametrize("price", [UNIT, FREE_FIRST])
def test_it_takes_included_units_away(price, quantity):
    included = with_included_units(usage(price=price, discounts=PERCENT), Decimal(50))
    terms = with_included_units(included, quantity)
    assert (terms.discounts, free_quantity(terms)) == (PERCENT, None)
    assert (terms.entitlement_template is None) == (quantity is None)
    assert included_units(terms) == quantity


def test_it_reads_none_where_nothing_is_included():
    assert included_units(usage()) is included_units(usage(price=PRICED_FIRST)) is None


@pytest.mark.parametrize(
    ("_case", "terms", "quantity", "says"),
    [
        ("negative", usage(), -1, "zero units or more"),
        ("static", usage(entitlement_template={"type": "static", "config": "{}"}), 1, "it is static"),
        ("next tier", usage(price=FREE_FIRST), 500, "fewer than 500"),
    ],
)
def test_it_refuses_where_there_is_no_room(_case, terms, quantity, says):
    with pytest.raises(CannotInclude, match=says):
        with_included_units(terms, Decimal(quantity))
