"""The totals of documents, and of what is given back of them."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing.taxes import TaxRule
from invoicing.totals import BilledLine, DiscountTerms, Item, LineAmount, give_back, share_out, total_up
from pricing.money import exponent, quantize

VAT = TaxRule("VAT", "DE", "", Decimal(20))
NONE = TaxRule("VAT", "DE", "books", Decimal(0))


def usd(*lines, discounts=()):
    return total_up([LineAmount(Decimal(amount), rule) for amount, rule in lines], currency="USD", discounts=discounts)


def shown(totals):
    return [(f"{line.net:f}", f"{line.tax:f}") for line in totals.lines]


def credit(billed, *amounts):
    """Give back an amount of each line, and return the note and what is billed after it."""
    items = [Item(place, Decimal(amount)) for place, amount in enumerate(amounts) if Decimal(amount)]
    note = give_back(billed, items, currency="USD")
    after = list(billed)
    for item, line in zip(items, note.lines, strict=True):
        old = after[item.place]
        after[item.place] = BilledLine(
            old.billed, old.back_amount - line.amount, old.back_discount - line.discount, old.back_tax - line.tax
        )
    return note.total, after


def billed(totals):
    return [BilledLine(line) for line in totals.lines]


def test_discounts_come_in_order_each_on_what_earlier_ones_left():
    # 20 % of 150 = 30: 20 of the first, 10 of the second; then 30 of 120: 20 and 10. Tax 20 % of 60 = 12.
    totals = usd(
        ("100.00", VAT),
        ("50.00", NONE),
        discounts=[DiscountTerms(percentage=Decimal(20)), DiscountTerms(fixed_amount=Decimal(30))],
    )
    assert shown(totals) == [("60.00", "12.00"), ("30.00", "0.00")]
    assert totals.discounts == (Decimal("30.00"), Decimal("30.00"))
    assert totals.total == Decimal("102.00")


def test_a_discount_that_a_line_has_already_comes_before_those_of_the_invoice():
    # 100 - 20 = 80 and 50 are left; 30 spread over 130: 18.4615 and 11.5385. 80 - 18.46 = 61.54, tax 12.31 (12.308);
    # 50 - 11.54 = 38.46. 61.54 + 38.46 + 12.31 = 112.31
    lines = [LineAmount(Decimal("100.00"), VAT, Decimal("20.00")), LineAmount(Decimal("50.00"), NONE)]
    totals = total_up(lines, currency="USD", discounts=[DiscountTerms(fixed_amount=Decimal(30))])
    assert shown(totals) == [("61.54", "12.31"), ("38.46", "0.00")]
    assert totals.total == Decimal("112.31")


def test_a_discount_stops_at_what_the_invoice_comes_to():
    # 100 - 15 = 85 is all that can be taken off, and all of it off the line that charges.
    totals = usd(("100.00", VAT), ("-15.00", VAT), discounts=[DiscountTerms(fixed_amount=Decimal(1000))])
    assert [line.discount for line in totals.lines] == [Decimal("85.00"), Decimal("0.00")]
    assert totals.total == 0


def test_tax_is_rounded_once_for_a_rate():
    # 3 x 0.33 = 0.99, 20 % = 0.198 -> 0.20; line by line it would be 3 x 0.07 = 0.21.
    totals = usd(("0.33", VAT), ("0.33", VAT), ("0.33", VAT))
    assert [line.tax for line in totals.lines] == [Decimal("0.07"), Decimal("0.07"), Decimal("0.06")]
    assert totals.total == Decimal("1.19")


def test_inclusive_tax_is_within_the_total():
    # 119 x 19 / 119 = 19.00 of the first; the second has 19 % on top.
    inside, on_top = (TaxRule("VAT", "DE", "", Decimal(19), is_inclusive) for is_inclusive in (True, False))
    totals = usd(("119.00", inside), ("100.00", on_top))
    assert (totals.tax_inclusive, totals.tax_exclusive) == (Decimal("19.00"), Decimal("19.00"))
    assert totals.total == Decimal("238.00")


def test_a_credit_note_gives_discount_and_tax_back_pro_rata_until_all_is_given_back():
    invoice = usd(("100.00", VAT), ("50.00", NONE), discounts=[DiscountTerms(fixed_amount=Decimal(15))])
    # 100 - 10 + 18 + 50 - 5
    assert invoice.total == Decimal("153.00")
    first, left = credit(billed(invoice), "40.00", "0")
    second, left = credit(left, "60.00", "0")
    third, left = credit(left, "0", "50.00")
    # 40 - 4 + 7.20, 60 - 6 + 10.80, 50 - 5
    assert (first, second, third) == (Decimal("-43.20"), Decimal("-64.80"), Decimal("-45.00"))


def test_the_last_note_absorbs_the_cents():
    # 33.33 + 6.33 twice; 119.00 - 2 x 39.66 = 39.68 is left.
    invoice = usd(("100.00", TaxRule("VAT", "DE", "", Decimal(19))))
    first, left = credit(billed(invoice), "33.33")
    second, left = credit(left, "33.33")
    third, _ = credit(left, "33.34")
    assert (first, second, third) == (Decimal("-39.66"), Decimal("-39.66"), Decimal("-39.68"))
    assert first + second + third == Decimal("-119.00")


def test_what_is_shown_adds_up_to_what_is_asked():
    # 200/30 x 29 = 193.33, 25 % = 48.33: 241.66, although 241.6667 rounds to 241.67.
    net = quantize(Fraction(200 * 29, 30), "USD")
    invoice = total_up([LineAmount(net, TaxRule("MVA", "NO", "", Decimal(25)))], currency="USD")
    assert (invoice.amount, invoice.tax_exclusive, invoice.total) == tuple(map(Decimal, ("193.33", "48.33", "241.66")))


CURRENCIES = st.sampled_from(["JPY", "USD", "KWD"])
RULES = st.sampled_from([VAT, NONE, None, TaxRule("VAT", "DE", "", Decimal("7.7")), TaxRule("T", "FR", "", 20, True)])
TERMS = st.builds(DiscountTerms, percentage=st.decimals("0.5", 100, places=1)) | st.builds(
    DiscountTerms, fixed_amount=st.decimals("0.01", 5000, places=2)
)


@st.composite
def documents(draw, least=-5000):
    currency = draw(CURRENCIES)
    amounts = draw(st.lists(st.integers(least, 500_000), min_size=1, max_size=6))
    unit = Decimal(1).scaleb(-exponent(currency))
    return currency, [LineAmount(amount * unit, draw(RULES)) for amount in amounts]


@given(documents(), st.lists(TERMS, max_size=2))
@settings(max_examples=80, deadline=None)
def test_it_foots_and_a_share_never_exceeds_its_line(document, discounts):
    currency, lines = document
    totals = total_up(lines, currency=currency, discounts=discounts)
    assert sum(line.net + line.tax_exclusive for line in totals.lines) == totals.total
    assert sum(totals.discounts) == totals.discount
    for line in totals.lines:
        assert 0 <= line.discount <= max(line.amount, 0)
    for tax in totals.taxes:
        mine = [line for line in totals.lines if line.rule == tax.rule]
        assert (sum(line.net for line in mine), sum(line.tax for line in mine)) == (tax.taxable, tax.amount)
    mirrored = total_up([LineAmount(-line.amount, line.rule) for line in lines], currency=currency)
    straight = total_up(lines, currency=currency)
    assert [(-line.net, -line.tax) for line in mirrored.lines] == [(line.net, line.tax) for line in straight.lines]


@given(documents(least=0), st.lists(TERMS, max_size=2), st.data())
@settings(max_examples=60, deadline=None)
def test_notes_sum_to_the_invoice_however_it_is_cut(document, discounts, data):
    currency, lines = document
    invoice = total_up(lines, currency=currency, discounts=discounts)
    unit, left, notes = Decimal(1).scaleb(-exponent(currency)), billed(invoice), Decimal(0)
    cuts = data.draw(st.integers(0, 3))
    for turn in range(cuts + 1):
        parts = [
            line.left if turn == cuts else unit * data.draw(st.integers(0, int(line.left / unit))) for line in left
        ]
        items = [Item(place, part) for place, part in enumerate(parts) if part]
        note = give_back(left, items, currency=currency)
        assert note.total <= 0
        assert note.total == sum(line.net + line.tax_exclusive for line in note.lines)
        for item, line in zip(items, note.lines, strict=True):
            old = left[item.place]
            left[item.place] = BilledLine(
                old.billed, old.back_amount - line.amount, old.back_discount - line.discount, old.back_tax - line.tax
            )
        notes += note.total
    assert notes == -invoice.total


@given(st.lists(st.fractions(-100, 100, max_denominator=50), min_size=1, max_size=8), CURRENCIES)
@settings(max_examples=100, deadline=None)
def test_shares_sum_to_the_whole_and_stay_within_a_unit(exact, currency):
    whole = quantize(sum(exact, Fraction(0)), currency)
    shares = share_out(whole, exact, currency)
    unit = Fraction(1, 10 ** exponent(currency))
    assert sum(shares) == whole
    assert all(abs(Fraction(share) - part) <= unit for share, part in zip(shares, exact, strict=True))


@pytest.mark.parametrize("exact", [[], [Fraction(0)]])
def test_nothing_is_shared_out_as_nothing(exact):
    assert sum(share_out(Decimal("0.00"), exact, "USD")) == 0
