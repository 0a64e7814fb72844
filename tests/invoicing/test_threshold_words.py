"""Spend thresholds read as operators write them."""

import pytest

from invoicing.threshold_words import parse_thresholds, thresholds_text


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("", {}),
        ("usd 10", {"USD": {"amounts": ["10"]}}),
        ("USD 50, 10, then every 100", {"USD": {"amounts": ["10", "50"], "recurring": "100"}}),
        ("USD every 25\nJPY 1000", {"USD": {"amounts": [], "recurring": "25"}, "JPY": {"amounts": ["1000"]}}),
    ],
)
def test_it_reads_one_currency_a_line_and_writes_the_same(text, stored):
    assert parse_thresholds(text) == stored
    assert parse_thresholds(thresholds_text(stored)) == stored


@pytest.mark.parametrize("text", ["10", "USD", "USD ten", "USD 10, -5", "USD 10\nusd 20", "USD 0", "USD 10, every NaN"])
def test_it_says_what_to_change(text):
    with pytest.raises(ValueError, match="Write"):
        parse_thresholds(text)
