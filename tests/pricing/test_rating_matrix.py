"""A matrix prices usage by its group values: the most specific cell takes it, a default the rest."""

from decimal import Decimal

import pytest

from pricing.prices import Charge, Discounts, MatrixCell, MatrixPrice, UnitPrice
from pricing.rating import Usage, matrix_cells, rate
from tests.pricing.charges import amounts, graduated, texts, volume


def unit(amount):
    return UnitPrice(Decimal(amount))


def cell(price, **match):
    return MatrixCell(tuple(match.items()), price)


def groups(region="", tier=""):
    return {"region": region, "tier": tier}


def used(price, rows, carried=()):
    cells, earlier = matrix_cells(price, rows), matrix_cells(price, carried)
    return Usage(total(cells), total(earlier), cells, earlier)


def total(cells):
    return sum((quantity for _, quantity in cells), Decimal(0))


def bill(price, rows, *, before=None, free="0", carried=()):
    billed = None if before is None else used(price, before)
    charge = Charge(price, Discounts(usage=Decimal(free)))
    return rate(charge=charge, name="Calls", currency="USD", before=billed, now=used(price, rows, carried))


MATRIX = MatrixPrice(
    ("region", "tier"), (cell(unit("2"), region="eu"), cell(unit("3"), region="eu", tier="gold")), unit("1")
)
ROWS = [
    (groups("eu", "gold"), Decimal(10)),
    (groups("eu", "basic"), Decimal(4)),
    (groups("us", "gold"), Decimal(7)),
    (groups(), Decimal("0.5")),
]


def test_it_gives_each_usage_to_the_most_specific_cell_alone():
    cells = matrix_cells(MATRIX, ROWS)

    assert cells == (("cell_1", 4), ("cell_2", 10), ("default", Decimal("7.5")))
    # The cells and the default are together what was used without filters.
    assert total(cells) == Decimal("21.5")


def test_it_charges_each_cell_its_price():
    rated = bill(MATRIX, ROWS)

    # 4 * 2 + 10 * 3 + 7.5 * 1 = 45.50
    assert [(line.key, line.name, str(line.amount)) for line in rated.lines] == [
        ("cell_1_usage", "Calls: region eu: usage in period", "8.00"),
        ("cell_2_usage", "Calls: region eu, tier gold: usage in period", "30.00"),
        ("default_usage", "Calls: All other usage: usage in period", "7.50"),
    ]
    assert texts(rated)[1] == "region eu, tier gold: 10 units at 3 each = 30.00"


def test_it_gives_usage_to_the_first_of_two_cells_as_specific():
    price = MatrixPrice(("region", "tier"), (cell(unit("2"), tier="gold"), cell(unit("3"), region="eu")))

    assert dict(matrix_cells(price, ROWS)) == {"cell_1": 17, "cell_2": 4, "default": Decimal("0.5")}


def test_it_charges_nothing_for_the_rest_without_a_default():
    rated = bill(MatrixPrice(("region",), (cell(unit("2"), region="eu"),)), ROWS)

    # 14 * 2
    assert amounts(rated) == {"cell_1_usage": "28.00"}
    assert texts(rated) == ["All other usage: 7.5 units are free", "region eu: 14 units at 2 each = 28.00"]


def test_it_takes_tiers_and_volumes_cell_by_cell():
    tiers = (("5", "1", "0"), (None, "0.5", "2"))
    price = MatrixPrice(("tier",), (cell(graduated(*tiers), tier="gold"),), volume(*tiers))

    # gold: 5 * 1 + 12 * 0.5 + 2; the rest: 4.5 * 1
    assert amounts(bill(price, ROWS)) == {
        "cell_1_tier_1_usage": "5.00",
        "cell_1_tier_2_usage": "6.00",
        "cell_1_tier_2_flat": "2.00",
        "default_tier_1_unit": "4.50",
    }


def test_it_bills_what_came_since_cell_by_cell():
    rated = bill(MATRIX, ROWS, before=ROWS[:2])

    # 7.5 * 1 are new; 38.00 was billed.
    assert amounts(rated) == {"default_usage": "7.50"}


def test_it_spends_free_units_cell_by_cell_in_their_order():
    rated = bill(MATRIX, ROWS, free="6")

    # 4 of the first cell and 2 of the second are free: 8 * 3 + 7.5 * 1
    assert amounts(rated) == {"cell_2_usage": "24.00", "default_usage": "7.50"}
    assert rated.usage_discount == 6


def test_it_continues_the_tiers_of_each_cell():
    price = MatrixPrice(("tier",), (cell(graduated(("5", "1", "0"), (None, "0.5", "0")), tier="gold"),))

    # 4 of gold were used before: 1 * 1 + 16 * 0.5
    assert str(bill(price, ROWS, carried=[(groups(tier="gold"), Decimal(4))]).amount) == "9.00"


def test_it_refuses_usage_that_is_not_split_into_cells():
    with pytest.raises(ValueError, match="matrix_cells"):
        rate(charge=Charge(MATRIX), name="Calls", currency="USD", before=None, now=Usage(Decimal(1)))
