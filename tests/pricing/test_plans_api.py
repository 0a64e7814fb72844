import pytest

from pricing.models import Plan, PlanPhase
from tests.factories import FeatureFactory
from tests.pricing.catalogue_api import PLANS, errors_of, fee, made, phase, plan, published, usage

pytestmark = pytest.mark.django_db
TEMPLATE = {"type": "metered", "issueAfterReset": 1000, "isSoftLimit": True, "usagePeriod": "P1M"}
RICH = usage(
    description="Counted each second",
    metadata={"a": "b"},
    entitlementTemplate=TEMPLATE,
    discounts={"percentage": {"percentage": 12.5}, "usage": {"quantity": "1000"}},
    taxConfig={"behavior": "exclusive", "stripe": {"code": "txcd_10000000"}},
    unitConfig={"operation": "divide", "conversionFactor": "1000", "rounding": "ceiling"},
    prorateCommitments=True,
    price={"type": "unit", "amount": "0.01", "minimumAmount": "5", "maximumAmount": "50"},
)


@pytest.fixture(autouse=True)
def _feature():
    FeatureFactory(key="tokens")


def test_it_drafts_a_plan_of_two_phases_and_shows_it_as_it_was_sent(api):
    trial = phase(usage(price=None), key="trial", name="Trial", duration="P14D")
    sent = plan(trial, phase(fee(), RICH, key="paid", name="Paid"), minimumAmount="500.00", prorateMinimum=True)
    shown = made(api, PLANS, sent)
    assert {name: shown[name] for name in sent} == sent
    assert (shown["version"], shown["status"], shown["validationErrors"]) == (1, "draft", None)
    assert shown["proRatingConfig"] == {"enabled": True, "mode": "prorate_prices"}
    assert shown["settlementMode"] == "credit_then_invoice"
    assert api.get(f"{PLANS}/{shown['id']}").json() == shown


@pytest.mark.parametrize(
    "price",
    [
        {"type": "package", "amount": "15", "quantityPerPackage": "10"},
        {"type": "dynamic", "multiplier": "1.2"},
        {
            "type": "tiered",
            "mode": "volume",
            "tiers": [
                {"upToAmount": "5", "flatPrice": {"type": "flat", "amount": "100"}, "unitPrice": None},
                {"flatPrice": None, "unitPrice": {"type": "unit", "amount": "5"}},
            ],
        },
        {"type": "flat", "amount": "9", "paymentTerm": "in_arrears"},
    ],
)
def test_it_takes_every_kind_of_price(api, price):
    shown = made(api, PLANS, plan(phase(usage(price=price))))
    assert shown["phases"][0]["rateCards"][0]["price"] == price


def test_it_takes_one_time_fees_and_any_currency(api):
    shown = made(api, PLANS, plan(phase(fee(billingCadence=None)), currency="KWD"))
    assert (shown["currency"], shown["phases"][0]["rateCards"][0]["billingCadence"]) == ("KWD", None)


@pytest.mark.parametrize(
    ("_case", "changes", "errors"),
    [
        ("no phase", {"phases": []}, [("plan_with_no_phases", "$.phases")]),
        ("credits", {"settlementMode": "credit_only"}, [("settlement_mode_not_supported", "$.settlementMode")]),
        ("currency", {"currency": "XYZ"}, [("currency_invalid", "$.currency")]),
        (
            "feature",
            {"phases": [phase(usage(key="calls", featureKey="calls"))]},
            [("rate_card_feature_not_found", "$.phases[0].rateCards[0].featureKey")],
        ),
        (
            "price",
            {"phases": [phase(fee(), fee(key="b", price={"type": "flat", "amount": "-1"}))]},
            [("rate_card_price_invalid", "$.phases[0].rateCards[1].price.amount")],
        ),
        ("amount", {"minimumAmount": "-5"}, [("invalid", "$.minimumAmount")]),
    ],
)
def test_it_refuses_what_no_draft_may_hold_and_stores_nothing(api, _case, changes, errors):
    assert errors_of(api.post(PLANS, plan(**changes), format="json")) == errors
    assert not Plan.objects.exists()


def test_it_names_the_place_of_a_member_that_is_missing(api):
    broken = {name: value for name, value in fee().items() if name != "name"}
    response = api.post(PLANS, plan(phase(fee()), phase(fee(key="a"), broken)), format="json")
    assert errors_of(response) == [("required", "$.phases[1].rateCards[1].name")]


def test_it_keeps_a_draft_that_is_unfinished_and_says_what_keeps_it_from_being_published(api):
    sent = plan(phase(fee(billingCadence="P1W"), duration="P1M"))
    shown = made(api, PLANS, sent)
    expected = [
        ("plan_has_last_phase_with_duration", "$.phases[0].duration"),
        ("rate_card_billing_cadence_unaligned", "$.phases[0].rateCards[0].billingCadence"),
    ]
    assert [(error["code"], error["field"]) for error in shown["validationErrors"]] == expected
    assert errors_of(api.post(f"{PLANS}/{shown['id']}/publish")) == expected
    assert Plan.objects.get().effective_from is None


def test_it_replaces_a_draft_and_leaves_our_own_members_that_are_not_sent(api):
    drafted = made(api, PLANS, plan(description="Old", minimumAmount="500"))
    sent = plan(phase(fee(), usage()), name="Pro plus")
    sent = {name: value for name, value in sent.items() if name not in ("key", "currency")}
    shown = api.put(f"{PLANS}/{drafted['id']}", sent, format="json").json()
    assert (shown["name"], "description" in shown, shown["minimumAmount"]) == ("Pro plus", False, "500")
    assert [card["key"] for card in shown["phases"][0]["rateCards"]] == ["fee", "tokens"]
    assert PlanPhase.objects.count() == 1


def test_it_warns_of_what_may_not_be_meant_and_forbids_nothing(api):
    shown = published(api, PLANS, plan(phase(usage(entitlementTemplate=TEMPLATE))))
    assert [(warning["code"], warning["field"]) for warning in shown["warnings"]] == [
        ("included_units_differ", "$.phases[0].rateCards[0].entitlementTemplate.issueAfterReset")
    ]
