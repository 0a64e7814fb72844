"""The trace: every sum behind a line, in words, and as JSON."""

import json

from pricing.rating import to_json
from tests.pricing.charges import bill, graduated

SLOPES = graduated(("10", "1.00", "5"), ("100", "0.50", "2"), (None, "0.10", "0"))


def test_it_explains_each_sum_in_words():
    price = graduated(("1000000", "0.000002", "1"), (None, "0.0000015", "2.5"))

    assert [step.text for step in bill(price, None, "1250000").steps] == [
        "Tier 1: 1,000,000 units from 0 to 1,000,000 at 0.000002 each = 2.00",
        "Tier 1: flat price = 1.00",
        "Tier 2: 250,000 units from 1,000,000 to 1,250,000 at 0.0000015 each = 0.375, rounded 0.38",
        "Tier 2: flat price for going above 1,000,000 units = 2.50",
    ]


def test_it_explains_what_was_billed_before():
    price = graduated(("1000000", "0.000002", "0"), (None, "0.0000015", "0"))

    # 100,000 * 0.0000015 = 0.15 was billed; 0.38 - 0.15 = 0.23 is new.
    rated = bill(price, "1100000", "1250000")
    assert [step.text for step in rated.steps] == [
        "Tier 1: 1,000,000 units from 0 to 1,000,000 at 0.000002 each = 2.00; already billed 2.00",
        "Tier 2: 250,000 units from 1,000,000 to 1,250,000 at 0.0000015 each = 0.375, rounded 0.38; "
        "already billed 0.15",
    ]
    assert str(rated.amount) == "0.23"


def test_it_explains_what_is_no_longer_due():
    [_, _, usage, flat] = bill(SLOPES, "10.5", "9").steps

    assert usage.text == "Tier 2: 0.5 units from 10 to 10.5 at 0.5 each: no longer due; already billed 0.25"
    assert flat.text == "Tier 2: flat price for going above 10 units: no longer due; already billed 2.00"
    assert (flat.quantity, flat.exact, str(flat.rounded)) == (0, 0, "0.00")


def test_it_writes_json_without_exponents():
    price = graduated((None, "1E-9", "1E+3"))

    data = json.loads(json.dumps(to_json(bill(price, None, "1E+6"))))

    # 1,000,000 * 0.000000001 = 0.001
    assert data == {
        "lines": [
            {
                "key": "tier_1_usage",
                "name": "Tokens: usage price for tier 1",
                "quantity": "1000000",
                "unit_amount": "0.000000001",
                "amount": "0.00",
                "category": "regular",
                "of": "",
            },
            {
                "key": "tier_1_flat",
                "name": "Tokens: flat price for tier 1",
                "quantity": "1",
                "unit_amount": "1000",
                "amount": "1000.00",
                "category": "regular",
                "of": "",
            },
        ],
        "amount": "1000.00",
        "steps": [
            {
                "text": "Tier 1: 1,000,000 units from 0 to 1,000,000 at 0.000000001 each = 0.001, rounded 0.00",
                "quantity": "1000000",
                "unit_amount": "0.000000001",
                "exact": "0.001",
                "rounded": "0.00",
                "key": "tier_1_usage",
            },
            {
                "text": "Tier 1: flat price = 1,000.00",
                "quantity": "1",
                "unit_amount": "1000",
                "exact": "1000",
                "rounded": "1000.00",
                "key": "tier_1_flat",
            },
        ],
        "usage_discount": "0",
    }
