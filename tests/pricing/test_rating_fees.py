"""Flat prices: paid in advance or in arrears, given back, and rounded before tax."""

from decimal import Decimal
from fractions import Fraction

from pricing.money import quantize
from pricing.prices import Charge, FlatPrice, PaymentTerm
from pricing.rating import Usage, rate
from tests.pricing.charges import bill, texts


def test_it_gives_back_a_fee_paid_in_advance_for_the_rest_of_its_period():
    fee = FlatPrice(Decimal("30.00"))
    whole = bill(fee, None, "1")

    # 30.00 was paid for June; 15 of 30 days are used: 15.00 - 30.00, and the new fee is 90.00 * 15 / 30.
    cut = shrunk(fee, Fraction(15, 30))
    new = bill(FlatPrice(Decimal("90.00")), None, "1", part=Fraction(15, 30))
    assert [str(rated.amount) for rated in (whole, cut, new)] == ["30.00", "-15.00", "45.00"]
    assert cut.amount + new.amount == 30
    [line] = cut.lines
    assert (line.quantity, str(line.unit_amount), str(line.amount)) == (1, "-15.00", "-15.00")
    assert texts(cut) == ["Flat price: 30.00 for 1/2 of the period = 15.00; already billed 30.00"]


def test_it_waits_for_the_end_of_a_period_with_a_fee_in_arrears():
    price = FlatPrice(Decimal(20), PaymentTerm.IN_ARREARS)

    assert bill(price, None, "1", is_final=False).lines == ()
    assert str(bill(price, "1", "1", was_final=False).amount) == "20.00"


def test_it_rounds_a_fee_before_tax_so_that_the_total_foots():
    # 200 * 29 / 30 = 193.333...: 193.33 and 25 % of it, 48.33, are 241.66.
    net = bill(FlatPrice(Decimal(200)), None, "1", part=Fraction(29, 30)).amount

    assert str(net) == "193.33"
    assert str(net + quantize(net * Decimal("0.25"), "USD")) == "241.66"


def shrunk(price, part):
    before, now = Usage(Decimal(1)), Usage(Decimal(1), part=part)
    return rate(charge=Charge(price), name="Fee", currency="USD", before=before, now=now)
