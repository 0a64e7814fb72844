import pytest

from pricing.addon_rules import AddonFacts, Attachment, addon_draft_issues, addon_issues, attachment_issues
from pricing.plan_rules import PhaseFacts
from pricing.rate_card_rules import CardFacts, FeatureFacts
from pricing.terms import Terms

FLAT = {"type": "flat", "amount": "5"}
UNIT = {"type": "unit", "amount": "0.01"}
TEMPLATE = {"type": "metered", "issueAfterReset": "100"}


def card(**changes):
    given = {"type": "usage_based", "key": "tokens", "name": "Tokens", "price": None, "feature_id": 1} | changes
    return CardFacts(Terms(**given), FeatureFacts("tokens", has_meter=True, is_archived=False), "tokens")


def addon(*cards, instance_type="single"):
    return AddonFacts("more", "More", "USD", instance_type, cards)


def found(ours, theirs, from_phase="late"):
    attachment = Attachment(addon(theirs), is_on_sale=True, from_phase_key=from_phase, max_quantity=None)
    phases = [PhaseFacts("early", "Early", "P1M", []), PhaseFacts("late", "Late", None, [ours])]
    return [(issue.code, issue.field) for issue in attachment_issues(attachment, currency="USD", phases=phases)]


@pytest.mark.parametrize(
    ("_case", "ours", "theirs"),
    [
        ("both flat", card(price=FLAT), card(price=FLAT)),
        ("price of the plan alone", card(price=UNIT), card(entitlement_template=TEMPLATE)),
        ("price of the add-on alone", card(), card(price=UNIT)),
        ("both metered", card(entitlement_template=TEMPLATE), card(entitlement_template=TEMPLATE)),
        (
            "said and meant",
            card(entitlement_template=TEMPLATE | {"usagePeriod": "P1M"}),
            card(entitlement_template=TEMPLATE),
        ),
        (
            "both boolean",
            card(entitlement_template={"type": "boolean"}),
            card(entitlement_template={"type": "boolean"}),
        ),
        ("another key", card(billing_cadence="P1Y"), card(key="calls")),
        ("free units", card(price=UNIT), card(discounts={"usage": {"quantity": "5"}})),
    ],
)
def test_it_lets_an_add_on_go_with_what_it_can_be_added_to(_case, ours, theirs):
    assert found(ours, theirs) == []


@pytest.mark.parametrize(
    ("_case", "ours", "theirs", "code", "field"),
    [
        ("feature", card(), card(feature_id=2), "rate_card_feature_key_mismatch", ".featureKey"),
        ("cadence", card(), card(billing_cadence="P1Y"), "rate_card_billing_cadence_mismatch", ".billingCadence"),
        (
            "once on once",
            card(price=FLAT, billing_cadence=None),
            card(price=FLAT, billing_cadence=None),
            "rate_card_one_time_price_not_allowed",
            ".billingCadence",
        ),
        (
            "units",
            card(price=UNIT, unit_config={"operation": "divide", "conversionFactor": "10"}),
            card(),
            "rate_card_unit_config_mismatch",
            ".unitConfig",
        ),
        ("both by usage", card(price=UNIT), card(price=UNIT), "rate_card_only_flat_price_allowed", ".price"),
        ("flat on usage", card(price=UNIT), card(price=FLAT), "rate_card_price_type_mismatch", ".price"),
        (
            "payment",
            card(price=FLAT),
            card(price=FLAT | {"paymentTerm": "in_arrears"}),
            "rate_card_price_payment_term_mismatch",
            ".price.paymentTerm",
        ),
        (
            "kinds of entitlement",
            card(entitlement_template=TEMPLATE),
            card(entitlement_template={"type": "boolean"}),
            "rate_card_entitlement_template_type_mismatch",
            ".entitlementTemplate.type",
        ),
        (
            "two static",
            card(entitlement_template={"type": "static", "config": "1"}),
            card(entitlement_template={"type": "static", "config": "2"}),
            "rate_card_static_entitlement_template_not_allowed",
            ".entitlementTemplate.type",
        ),
        (
            "period",
            card(entitlement_template=TEMPLATE),
            card(entitlement_template=TEMPLATE | {"usagePeriod": "P1D"}),
            "rate_card_metered_entitlement_template_usage_period_mismatch",
            ".entitlementTemplate.usagePeriod",
        ),
        (
            "percent",
            card(price=UNIT, discounts={"percentage": {"percentage": "5"}}),
            card(),
            "rate_card_percentage_discount_not_allowed",
            ".discounts.percentage",
        ),
    ],
)
def test_it_says_what_an_add_on_cannot_be_added_to(_case, ours, theirs, code, field):
    assert found(ours, theirs) == [(code, f"$.addon.rateCards[0]{field}")]


def test_it_looks_at_phases_before_the_one_it_is_offered_from_no_more():
    attachment = Attachment(addon(card(price=UNIT)), is_on_sale=True, from_phase_key="late", max_quantity=None)
    phases = [PhaseFacts("early", "Early", "P1M", [card(price=UNIT)]), PhaseFacts("late", "Late", None, [])]
    assert attachment_issues(attachment, currency="USD", phases=phases) == []


def test_it_lets_a_draft_be_empty_and_sells_only_flat_prices_in_any_quantity():
    assert addon_draft_issues(addon()) == []
    assert [issue.code for issue in addon_issues(addon())] == ["addon_has_no_rate_cards"]
    assert addon_issues(addon(card(price=FLAT), instance_type="multiple")) == []
    issues = addon_issues(addon(card(price=UNIT), instance_type="multiple"))
    assert [issue.code for issue in issues] == ["addon_invalid_ratecard_price_for_multi_instance"]
    once = addon(card(type="flat_fee", price=FLAT, billing_cadence=None), instance_type="multiple")
    assert [(issue.code, issue.field) for issue in addon_issues(once)] == [
        ("addon_one_time_price_for_multi_instance", "$.rateCards[0].billingCadence")
    ]
    assert addon_issues(addon(*once.cards)) == []
    assert [issue.code for issue in addon_draft_issues(addon(instance_type="many"))] == ["addon_invalid_instance_type"]
