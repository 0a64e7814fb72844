"""What add-ons make of a contract: three phases from 31 January 2026, with a fee of 0, 10, then 20 a month."""

from dataclasses import replace

import pytest

from pricing.contract_addons import AddonConflict, spans_of, with_addons
from pricing.contract_edits import AddItem, edited
from pricing.schedule import planned_items
from tests.pricing.contracts import START, UNIT, ZULU, combined, contract, flat, metered, rows, taken, tokens, utc

FEB_10, FEB_20, FEB_28 = utc(2026, 2, 10), utc(2026, 2, 20), utc(2026, 2, 28)
MAR_10, MAR_31 = utc(2026, 3, 10), utc(2026, 3, 31)


def test_it_lists_quantities_as_spans_until_the_next_one_and_leaves_out_none():
    spans = spans_of([(FEB_20, 0), (START, 2), (MAR_10, 3)])
    assert [(span.active_from, span.active_to, span.quantity) for span in spans] == [
        (START, FEB_20, 2),
        (MAR_10, None, 3),
    ]


def test_it_adds_flat_amounts_once_per_unit_and_splits_items_where_the_quantity_changes():
    # 5 apiece: three from 10 February are 15, two from 10 March are 10, none from 31 March on.
    addon = taken(flat("fee", "5"), quantities=[(FEB_10, 3), (MAR_10, 2), (MAR_31, 0)])
    assert rows(with_addons(contract(), [addon])) == [
        ("trial", "0", START, FEB_10),
        ("trial", "15", FEB_10, FEB_28),  # 0 + 3 x 5
        ("ramp", "25", FEB_28, MAR_10),  # 10 + 3 x 5
        ("ramp", "20", MAR_10, MAR_31),  # 10 + 2 x 5
        ("rest", "20", MAR_31, None),
    ]


def test_it_splits_no_item_where_the_same_quantity_is_set_again():
    addon = taken(flat("fee", "5"), quantities=[(START, 2), (FEB_10, 2)])
    assert rows(with_addons(contract(), [addon]))[0] == ("trial", "10", START, FEB_28)


def test_it_keeps_versions_of_an_item_apart_even_if_they_say_the_same():
    for amount, sum_later in (("5", "7"), ("0", "2")):
        agreed = edited(contract(), [AddItem("trial", flat("fee", amount))], at=FEB_20, zone=ZULU)
        assert rows(with_addons(agreed, [taken(flat("fee", "2"), quantities=[(FEB_10, 1)])]))[:3] == [
            ("trial", "0", START, FEB_10),
            ("trial", "2", FEB_10, FEB_20),
            ("trial", sum_later, FEB_20, FEB_28),
        ]


def test_it_adds_up_what_is_paid_at_the_same_end_in_advance_unless_said():
    early = {"type": "flat", "amount": "5", "paymentTerm": "in_advance"}
    assert combined(flat("fee"), replace(flat("fee"), price=early)).price["amount"] == "25"  # 20 + 5
    with pytest.raises(AddonConflict):
        combined(flat("fee"), replace(flat("fee"), price={**early, "paymentTerm": "in_arrears"}))


def test_it_makes_an_item_of_its_own_of_what_the_phase_does_not_have():
    addon = taken(flat("seats", "5.50"), quantities=[(FEB_10, 2), (MAR_10, 0)])
    added = with_addons(contract(), [addon])
    assert rows(added, "seats") == [("trial", "11.00", FEB_10, FEB_28), ("ramp", "11.00", FEB_28, MAR_10)]  # 2 x 5.50
    assert rows(added) == rows(contract())


def test_what_an_addon_bills_once_is_there_once_whatever_is_taken_later_and_in_the_phase_it_is_first_taken():
    setup = flat("setup", "50", billing_cadence=None)
    for more in ([], [(FEB_20, 2)], [(MAR_10, 0), (MAR_31, 1)]):
        addon = taken(setup, flat("seats", "5"), quantities=[(FEB_10, 1), *more])
        added = with_addons(contract(), [addon])
        assert rows(added, "setup") == [("trial", "50", FEB_10, FEB_28)]
        assert len(rows(added, "seats")) > 2
    ended = taken(setup, quantities=[(FEB_10, 1), (FEB_20, 0)])
    assert rows(with_addons(contract(), [ended]), "setup") == [("trial", "50", FEB_10, FEB_20)]


def test_it_adds_several_addons_one_after_the_other():
    addons = [taken(flat("fee", "5")), taken(flat("fee", "2"), quantities=[(MAR_31, 4)], name="More")]
    assert rows(with_addons(contract(), addons))[-2:] == [
        ("ramp", "15", FEB_28, MAR_31),  # 10 + 5
        ("rest", "33", MAR_31, None),  # 20 + 5 + 4 x 2
    ]


@pytest.mark.parametrize("quantities", [(), [(FEB_10, 0)], [(MAR_31, 1)]])
def test_it_leaves_the_rows_as_they_were_without_units_in_the_time_of_the_contract(quantities):
    # A contract that ends before the add-on begins has nothing of it either.
    agreed = replace(contract(), active_to=MAR_31)
    assert list(planned_items(with_addons(agreed, [taken(flat("fee", "5"), quantities=quantities)]))) == (
        list(planned_items(agreed))
    )


def test_it_takes_the_price_with_how_it_is_counted_where_there_was_none():
    card = tokens(unit_config={"operation": "divide", "conversionFactor": "1000"}, prorate_commitments=True)
    both = combined(tokens(price=None, entitlement_template=metered("100")), card, 3)
    assert (both.price, both.unit_config, both.prorate_commitments) == (UNIT, card.unit_config, True)
    assert both.entitlement_template == metered("100")


def test_it_keeps_a_price_that_the_addon_says_nothing_of():
    card = tokens(price=None, entitlement_template=metered("100"))
    assert combined(tokens(), card, 2) == tokens(entitlement_template=metered("200"))  # 2 x 100


def test_it_adds_what_is_issued_after_a_reset_per_unit():
    card = tokens(price=None, entitlement_template=metered("500"))
    both = combined(tokens(entitlement_template=metered("1000")), card, 2)
    assert both.entitlement_template == metered("2000")  # 1000 + 2 x 500


@pytest.mark.parametrize(
    ("base", "card", "both"),
    [(None, None, None), (None, "500", "500"), ("1000", None, "1000")],
)
def test_it_issues_nothing_after_a_reset_where_nobody_says_so(base, card, both):
    added = combined(tokens(entitlement_template=metered(base)), tokens(price=None, entitlement_template=metered(card)))
    assert added.entitlement_template == metered(both)


def test_it_adds_free_units_per_unit():
    def free(quantity):
        return {"usage": {"quantity": quantity}}

    card = tokens(price=None, discounts=free("50.5"))
    assert combined(tokens(discounts=free("100")), card, 2).discounts == free("201.0")  # 100 + 2 x 50.5
    assert combined(tokens(), card, 2).discounts == free("101.0")


@pytest.mark.parametrize(
    ("base", "card", "what"),
    [
        (flat("fee"), flat("fee", feature_id=1), "another feature or billing cadence"),
        (flat("fee"), flat("fee", billing_cadence="P1Y"), "another feature or billing cadence"),
        (flat("fee", billing_cadence=None), flat("fee", billing_cadence=None), "billed once"),
        (tokens(), tokens(), "a price that does not add up with it"),
        (flat("tokens", feature_id=1), tokens(), "a price that does not add up with it"),
        (
            tokens(entitlement_template={"type": "boolean"}),
            tokens(price=None, entitlement_template=metered("1")),
            "up with",
        ),
        (
            tokens(entitlement_template={"type": "static", "config": "{}"}),
            tokens(price=None, entitlement_template={"type": "static", "config": "{}"}),
            "an entitlement that does not add up with it",
        ),
        (
            tokens(entitlement_template=metered("1")),
            tokens(price=None, entitlement_template=metered("1", "P1W")),
            "an entitlement over another period",
        ),
        (tokens(), tokens(price=None, discounts={"percentage": {"percentage": "10"}}), "a percentage discount"),
    ],
)
def test_it_refuses_what_does_not_go_together(base, card, what):
    with pytest.raises(
        AddonConflict, match=f"Remove {base.key} from the subscription first: .* Extra has .*{what}"
    ) as no:
        combined(base, card)
    assert (no.value.status, no.value.code) == (409, "subscription_addon_conflict")
