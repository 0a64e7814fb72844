"""Prices come from OpenMeter's JSON shape and go back into it; a wrong one is refused with its field."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.prices import FlatPrice, GraduatedPrice, InvalidPrice, PaymentTerm, Tier, parse_price, price_to_json


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


@pytest.mark.parametrize(("field", "data"), CASES)
def test_it_refuses_a_wrong_price_and_names_the_field(field, data):
    with pytest.raises(InvalidPrice) as refusal:
        parse_price(data)

    assert refusal.value.field == field
    assert str(refusal.value).endswith(".")


numbers = st.decimals(min_value=0, max_value=10**30, allow_nan=False, allow_infinity=False, places=9)


@st.composite
def prices(draw):
    if draw(st.booleans()):
        return FlatPrice(draw(numbers), draw(st.sampled_from(PaymentTerm)))
    bounds = [*sorted(draw(st.sets(numbers, max_size=5))), None]
    return GraduatedPrice(tuple(Tier(bound, draw(numbers), draw(numbers)) for bound in bounds))


@given(price=prices())
def test_it_reads_back_what_it_wrote(price):
    assert parse_price(json.loads(json.dumps(price_to_json(price)))) == price
