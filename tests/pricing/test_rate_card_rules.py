from decimal import Decimal

import pytest

from pricing.normal_terms import normal_terms
from pricing.rate_card_rules import CardFacts, FeatureFacts, card_issues
from pricing.terms import Terms

FLAT = {"type": "flat", "amount": "20.00"}
UNIT = {"type": "unit", "amount": "0.01"}
MATRIX = {"type": "matrix", "dimensions": ["region"], "cells": [{"match": {"region": "eu"}, "price": UNIT}]}
TOKENS = FeatureFacts("tokens", has_meter=True, is_archived=False, groups=("model",))
PEAK = FeatureFacts("tokens", has_meter=True, is_archived=False, groups=("region",), is_additive=False)
NO_METER = FeatureFacts("tokens", has_meter=False, is_archived=False)
ARCHIVED = FeatureFacts("tokens", has_meter=True, is_archived=True)
METERED = {"type": "metered", "issueAfterReset": 100}


def fee(**changes):
    return CardFacts(normal_terms(Terms(**{"type": "flat_fee", "key": "fee", "name": "Fee", "price": FLAT} | changes)))


def usage(feature=TOKENS, **changes):
    given = {"type": "usage_based", "key": "tokens", "name": "Tokens", "price": UNIT} | changes
    return CardFacts(normal_terms(Terms(**given)), feature, feature.key if feature else "")


def found(card, plan_cadence="P1M"):
    return [(issue.code, issue.field) for issue in card_issues(card, plan_cadence=plan_cadence)]


@pytest.mark.parametrize(
    "card",
    [
        fee(),
        fee(billing_cadence=None),
        fee(price=None, billing_cadence="P1W"),
        usage(),
        usage(feature=None, price=FLAT),
        usage(feature=NO_METER, price=None, entitlement_template={"type": "boolean"}),
        usage(price=None, entitlement_template={"type": "static", "config": '{"model": "large"}'}),
        usage(entitlement_template=METERED | {"usagePeriod": "PT1H", "issueAfterResetPriority": 255}),
        usage(discounts={"percentage": {"percentage": Decimal("12.5")}, "usage": {"quantity": "10"}}),
        usage(price=MATRIX | {"dimensions": ["model"], "cells": [{"match": {"model": "large"}, "price": UNIT}]}),
        usage(tax_config={"behavior": "inclusive", "stripe": {"code": "txcd_10000000"}}),
    ],
)
def test_it_finds_nothing_wrong_with_what_can_be(card):
    assert found(card) == []


@pytest.mark.parametrize(
    ("_case", "card", "code", "field"),
    [
        ("key", fee(key="Base fee"), "rate_card_key_invalid", ".key"),
        ("name", fee(name=" "), "rate_card_name_missing", ".name"),
        ("type", fee(type="fee"), "rate_card_type_invalid", ".type"),
        ("no feature", usage(feature=None), "usage_based_price_with_no_feature", ".featureKey"),
        ("no meter", usage(feature=NO_METER), "usage_based_price_with_feature_and_no_meter", ".featureKey"),
        ("archived", usage(feature=ARCHIVED), "rate_card_feature_archived", ".featureKey"),
        ("other key", usage(key="calls"), "rate_card_key_feature_key_mismatch", ".key"),
        ("amount", fee(price={"type": "flat"}), "rate_card_price_invalid", ".price.amount"),
        ("fee by usage", usage(type="flat_fee"), "rate_card_price_invalid", ".price.type"),
        ("cadence", fee(billing_cadence="P5D"), "billing_cadence_invalid_value", ".billingCadence"),
        ("once", usage(billing_cadence=None), "billing_cadence_invalid_value", ".billingCadence"),
        ("weeks", fee(billing_cadence="P1W"), "rate_card_billing_cadence_unaligned", ".billingCadence"),
        (
            "free units",
            fee(discounts={"usage": {"quantity": "1"}}),
            "usage_discount_with_flat_price",
            ".discounts.usage",
        ),
        (
            "peak by group",
            usage(feature=PEAK, price=MATRIX),
            "matrix_price_meter_not_additive",
            ".price.type",
        ),
        ("group", usage(price=MATRIX), "matrix_price_unknown_group", ".price.dimensions"),
        ("tax", fee(tax_config={"stripe": {"code": "x"}}), "tax_config_invalid", ".taxConfig.stripe.code"),
        ("tax word", fee(tax_config={"behavior": "none"}), "tax_config_invalid", ".taxConfig.behavior"),
    ],
)
def test_it_names_what_is_wrong_with_a_rate_card(_case, card, code, field):
    assert found(card) == [(code, field)]
    assert card_issues(card, plan_cadence="P1M")[0].message.startswith(f"Rate card {card.terms.key!r}: ")


@pytest.mark.parametrize(
    ("_case", "changes", "code"),
    [
        ("conversion", {"unit_config": {"operation": "divide", "conversionFactor": "0"}}, "unit_config_invalid"),
        ("percent", {"discounts": {"percentage": {"percentage": 101}}}, "percentage_discount_invalid_value"),
        ("quantity", {"discounts": {"usage": {"quantity": "-1"}}}, "usage_discount_negative_quantity"),
        ("bounds", {"price": UNIT | {"minimumAmount": "9", "maximumAmount": "8"}}, "rate_card_price_invalid"),
        ("member", {"price": UNIT | {"amonut": "9"}}, "rate_card_price_invalid"),
    ],
)
def test_it_names_what_is_wrong_with_a_price(_case, changes, code):
    ((found_code, _),) = found(usage(**changes))
    assert found_code == code


def test_it_wants_a_price_by_usage_for_a_conversion_of_units():
    unit = {"operation": "divide", "conversionFactor": "1000"}
    assert found(fee(unit_config=unit)) == [("unit_config_requires_usage_based_price", ".unitConfig")]


@pytest.mark.parametrize(
    ("plan_cadence", "card_cadence", "fits"),
    [
        ("P1M", "P3M", True),
        ("P3M", "P1M", True),
        ("P1Y", "P12M", True),
        ("P6M", "P1Y", True),
        ("P1M", "P1D", True),
        ("P2W", "P4W", True),
        ("P1M", "P4W", False),
        ("P1W", "P1M", False),
    ],
)
def test_it_wants_cadences_that_divide_each_other(plan_cadence, card_cadence, fits):
    codes = [code for code, _ in found(fee(billing_cadence=card_cadence), plan_cadence)]
    assert codes == ([] if fits else ["rate_card_billing_cadence_unaligned"])


@pytest.mark.parametrize(
    ("_case", "template", "codes"),
    [
        ("kind", {"type": "free"}, ["entitlement_template_invalid"]),
        ("member", {"type": "boolean", "config": "{}"}, ["entitlement_template_invalid"]),
        ("nothing issued", {"type": "metered"}, ["entitlement_template_issue_after_reset_required"]),
        (
            "priority alone",
            {"type": "metered", "issueAfterResetPriority": 2},
            [
                "entitlement_template_issue_after_reset_required",
                "entitlement_template_invalid_issue_after_reset_with_priority",
            ],
        ),
        ("priority", METERED | {"issueAfterResetPriority": 256}, ["entitlement_template_invalid"]),
        ("less than nothing", METERED | {"issueAfterReset": -1}, ["entitlement_template_invalid"]),
        ("switch", METERED | {"isSoftLimit": "yes"}, ["entitlement_template_invalid"]),
        ("minutes", METERED | {"usagePeriod": "PT30M"}, ["entitlement_template_usage_period_less_then_an_hour"]),
        ("no period", METERED | {"usagePeriod": "MONTH"}, ["duration_invalid"]),
        ("no JSON", {"type": "static", "config": "{"}, ["entitlement_template_invalid_json_config"]),
    ],
)
def test_it_names_what_is_wrong_with_an_entitlement_template(_case, template, codes):
    issues = card_issues(usage(entitlement_template=template), plan_cadence="P1M")
    assert [issue.code for issue in issues] == codes
    assert all(issue.field.startswith(".entitlementTemplate") for issue in issues)


def test_it_wants_a_feature_for_an_entitlement_and_a_meter_for_a_metered_one():
    assert found(fee(entitlement_template={"type": "boolean"})) == [
        ("entitlement_template_with_no_feature", ".featureKey")
    ]
    card = usage(feature=NO_METER, price=None, entitlement_template=METERED)
    assert found(card) == [("entitlement_template_with_feature_and_no_meter", ".featureKey")]
