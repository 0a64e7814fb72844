from pricing.plan_rules import PhaseFacts, PlanFacts
from pricing.plan_warnings import plan_warnings
from pricing.rate_card_rules import CardFacts, FeatureFacts
from pricing.terms import Terms

UNIT = {"type": "unit", "amount": "0.01"}


def card(has_meter=True, **changes):
    given = {"type": "usage_based", "key": "tokens", "name": "Tokens", "price": UNIT} | changes
    return CardFacts(Terms(**given), FeatureFacts("tokens", has_meter, is_archived=False), "tokens")


def found(*phases):
    facts = [PhaseFacts(f"p{place}", "Phase", "P1M", cards) for place, cards in enumerate(phases)]
    return [(issue.code, issue.field) for issue in plan_warnings(PlanFacts("pro", "Pro", "USD", "P1M", facts))]


def template(quantity):
    return {"type": "metered", "issueAfterReset": quantity}


def test_it_has_nothing_to_say_of_a_plain_plan():
    included = card(discounts={"usage": {"quantity": "10.0"}}, entitlement_template=template("10"))
    assert found([card()], [included], [card(price=None, entitlement_template=template("5"))]) == []


def test_it_warns_of_a_priced_feature_that_nothing_measures():
    flat = {"type": "flat", "amount": "5"}
    assert found([card(price=flat)]) == []
    assert found([card(has_meter=False, type="flat_fee", price=flat)]) == []
    assert found([card(has_meter=False)]) == [("priced_feature_without_meter", "$.phases[0].rateCards[0].featureKey")]


def test_it_warns_of_a_price_that_falls_with_usage():
    cheaper = {"upToAmount": None, "flatPrice": None, "unitPrice": {"type": "unit", "amount": "0.80"}}
    first = {**cheaper, "upToAmount": "100", "unitPrice": {"type": "unit", "amount": "1"}}
    volume = {"type": "tiered", "mode": "volume", "tiers": [first, cheaper]}
    assert found([card(price=volume)]) == [("price_may_not_be_meant", "$.phases[0].rateCards[0].price")]


def test_it_warns_where_price_and_entitlement_include_another_number_of_units():
    differing = card(discounts={"usage": {"quantity": "10"}}, entitlement_template=template("20"))
    path = "$.phases[0].rateCards[0].entitlementTemplate.issueAfterReset"
    assert found([differing]) == [("included_units_differ", path)]


def test_it_warns_of_a_phase_that_leaves_out_what_others_around_it_charge_for():
    assert found([card()], [], [card()]) == [("rate_card_gap", "$.phases[1].rateCards")]
    assert found([], [card()], []) == []
