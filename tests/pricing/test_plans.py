from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pricing.models import Plan, VersionStatus, RateCard
from pricing.plan_rules import CardFacts, FeatureFacts, PlanFacts, draft_issues, publish_issues
from pricing.services.plans import DraftExists, InvalidPlan, PlanNotDraft, RateCardInput, change_draft, create_plan
from tests.factories import FeatureFactory

AT = datetime(2026, 1, 1, tzinfo=UTC)
FLAT = {"type": "flat", "amount": "20.00"}
TIERED = {"type": "tiered", "mode": "graduated", "tiers": [{"unitPrice": {"type": "unit", "amount": "0.01"}}]}
FEE = CardFacts("flat_fee", "fee", "Base fee", FLAT, "P1M", None)
USAGE = CardFacts("usage_based", "tokens", "Tokens", TIERED, "P1M", FeatureFacts("tokens", True, False))
PLAN = PlanFacts("pro", "Pro", "USD", "P1M", [FEE, USAGE])


def test_it_finds_nothing_wrong_with_a_flat_fee_and_a_usage_price():
    assert publish_issues(PLAN) == []


@pytest.mark.parametrize(
    ("_case", "card", "code", "field"),
    [
        ("key", replace(FEE, key="Base fee"), "rate_card_key_invalid", ".key"),
        ("name", replace(FEE, name=""), "rate_card_name_missing", ".name"),
        ("type", replace(FEE, type="fee"), "rate_card_type_invalid", ".type"),
        ("no feature", replace(USAGE, feature=None), "usage_based_price_with_no_feature", ".featureKey"),
        (
            "no meter",
            replace(USAGE, feature=FeatureFacts("tokens", False, False)),
            "usage_based_price_with_feature_and_no_meter",
            ".featureKey",
        ),
        (
            "archived",
            replace(USAGE, feature=FeatureFacts("tokens", True, True)),
            "rate_card_feature_archived",
            ".featureKey",
        ),
        ("other key", replace(USAGE, key="calls"), "rate_card_key_feature_key_mismatch", ".key"),
        ("amount", replace(FEE, price={"type": "flat"}), "rate_card_price_invalid", ".price.amount"),
        ("tiered fee", replace(FEE, price=TIERED), "rate_card_price_invalid", ".price.type"),
        ("flat usage", replace(USAGE, price=FLAT), "rate_card_price_invalid", ".price.type"),
        ("cadence", replace(FEE, billing_cadence="P5D"), "rate_card_billing_cadence_invalid", ".billingCadence"),
        ("weeks", replace(FEE, billing_cadence="P1W"), "rate_card_billing_cadence_unaligned", ".billingCadence"),
    ],
)
def test_it_names_what_is_wrong_with_a_rate_card(_case, card, code, field):
    issues = draft_issues(replace(PLAN, cards=[card]))
    assert [(issue.code, issue.field) for issue in issues] == [(code, "$.phases[0].rateCards[0]" + field)]
    assert issues[0].message.startswith(f"Rate card {card.key!r}: ")


@pytest.mark.parametrize(
    ("_case", "plan", "code", "field"),
    [
        ("key", replace(PLAN, key="Pro plan"), "plan_key_invalid", "$.key"),
        ("name", replace(PLAN, name=" "), "plan_name_missing", "$.name"),
        ("currency", replace(PLAN, currency="XYZ"), "currency_invalid", "$.currency"),
        ("cadence", replace(PLAN, billing_cadence="1 month"), "plan_billing_cadence_invalid", "$.billingCadence"),
    ],
)
def test_it_names_what_is_wrong_with_a_plan(_case, plan, code, field):
    assert [(issue.code, issue.field) for issue in draft_issues(plan)] == [(code, field)]


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
    card = replace(FEE, billing_cadence=card_cadence)
    issues = draft_issues(replace(PLAN, billing_cadence=plan_cadence, cards=[card]))
    assert [issue.code for issue in issues] == ([] if fits else ["rate_card_billing_cadence_unaligned"])


def test_it_names_both_of_two_rate_cards_with_one_key():
    issues = draft_issues(replace(PLAN, cards=[FEE, USAGE, FEE]))
    assert [(issue.code, issue.field) for issue in issues] == [
        ("rate_card_duplicated_key", "$.phases[0].rateCards[0].key"),
        ("rate_card_duplicated_key", "$.phases[0].rateCards[2].key"),
    ]


def test_it_lets_a_draft_be_empty_but_not_a_published_plan():
    empty = replace(PLAN, cards=[])
    assert draft_issues(empty) == []
    assert [issue.code for issue in publish_issues(empty)] == ["plan_phase_has_no_rate_cards"]


@pytest.mark.django_db
def test_it_drafts_the_first_version_with_its_rate_cards_in_order():
    feature = FeatureFactory(key="tokens")
    plan = draft(rate_cards=[RateCardInput("usage_based", "tokens", "Tokens", TIERED, feature), flat_fee()])
    assert (plan.version, plan.status(AT), plan.phases.get().key) == (1, VersionStatus.DRAFT, "default")
    assert list(
        RateCard.objects.order_by("position").values_list("key", "type", "price", "feature", "phase__plan")
    ) == [
        ("tokens", "usage_based", TIERED, feature.pk, plan.pk),
        ("fee", "flat_fee", FLAT, None, plan.pk),
    ]


@pytest.mark.django_db
def test_it_has_one_draft_at_a_time():
    first = draft()
    with pytest.raises(DraftExists, match="Change or publish the draft of the plan 'pro' first"):
        draft()
    assert list(Plan.objects.all()) == [first]


@pytest.mark.django_db
def test_it_refuses_a_plan_that_cannot_be_with_every_reason_and_stores_nothing():
    with pytest.raises(InvalidPlan) as refusal:
        draft(currency="XYZ", rate_cards=[RateCardInput("flat_fee", "fee", "", FLAT)])
    errors = refusal.value.extensions["validationErrors"]
    assert [error["code"] for error in errors] == ["currency_invalid", "rate_card_name_missing"]
    assert (refusal.value.status, refusal.value.code) == (400, "currency_invalid")
    assert not Plan.objects.exists()


@pytest.mark.django_db
def test_it_changes_what_is_given_of_a_draft_and_leaves_the_rest():
    plan = draft(description="For teams")
    card = RateCardInput("flat_fee", "seat", "Seat", {"type": "flat", "amount": "5"})
    change_draft(plan_id=plan.pk, at=AT + timedelta(hours=1), name="Pro plus", rate_cards=[card])
    plan.refresh_from_db()
    assert (plan.name, plan.description, plan.updated_at) == ("Pro plus", "For teams", AT + timedelta(hours=1))
    assert list(RateCard.objects.values_list("key", flat=True)) == ["seat"]


@pytest.mark.django_db
def test_it_checks_the_stored_rate_cards_against_a_changed_plan():
    plan = draft()
    with pytest.raises(InvalidPlan, match="Bill it every P1W like the plan") as refusal:
        change_draft(plan_id=plan.pk, at=AT, billing_cadence="P1W")
    assert refusal.value.code == "rate_card_billing_cadence_unaligned"
    plan.refresh_from_db()
    assert plan.billing_cadence == "P1M"


@pytest.mark.django_db
def test_it_refuses_to_change_a_published_plan():
    plan = draft()
    Plan.objects.filter(pk=plan.pk).update(effective_from=AT)
    with pytest.raises(PlanNotDraft, match="Make a new version of pro v1"):
        change_draft(plan_id=plan.pk, at=AT, name="Other")


def flat_fee():
    return RateCardInput("flat_fee", "fee", "Base fee", FLAT)


def draft(**changes):
    given = {"key": "pro", "name": "Pro", "currency": "USD", "at": AT, "rate_cards": [flat_fee()]}
    return create_plan(**{**given, **changes})
