from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pricing.models import Plan, RateCard, VersionStatus
from pricing.plan_rules import PhaseFacts, PlanFacts, draft_issues, publish_issues
from pricing.rate_card_rules import CardFacts, FeatureFacts, card_issues
from pricing.services.plan_inputs import card_facts
from pricing.services.plans import (
    DraftExists,
    InvalidPlan,
    PhaseInput,
    PlanNotDraft,
    RateCardInput,
    change_draft,
    create_plan,
)
from pricing.terms import Terms
from tests.factories import FeatureFactory, MeterVersionFactory

AT = datetime(2026, 1, 1, tzinfo=UTC)
FLAT = {"type": "flat", "amount": "20.00"}
TIERED = {"type": "tiered", "mode": "graduated", "tiers": [{"unitPrice": {"type": "unit", "amount": "0.01"}}]}
TOKENS = FeatureFacts("tokens", has_meter=True, is_archived=False, groups=("model",))


def test_it_finds_nothing_wrong_with_a_flat_fee_and_a_usage_price():
    assert publish_issues(plan_of(fee(), usage())) == []


def test_it_names_both_of_two_rate_cards_with_one_key():
    issues = draft_issues(plan_of(fee(), usage(), fee()))
    assert [(issue.code, issue.field) for issue in issues] == [
        ("rate_card_duplicated_key", "$.phases[0].rateCards[0].key"),
        ("rate_card_duplicated_key", "$.phases[0].rateCards[2].key"),
    ]


@pytest.mark.parametrize(
    ("_case", "changes", "code", "field"),
    [
        ("key", {"key": "Pro plan"}, "plan_key_invalid", "$.key"),
        ("name", {"name": " "}, "plan_name_missing", "$.name"),
        ("currency", {"currency": "XYZ"}, "currency_invalid", "$.currency"),
        ("cadence", {"billing_cadence": "1 month"}, "plan_billing_cadence_invalid", "$.billingCadence"),
        ("credits", {"settlement_mode": "credit_only"}, "settlement_mode_not_supported", "$.settlementMode"),
        ("minimum", {"minimum_amount": Decimal(-1)}, "minimum_amount_negative", "$.minimumAmount"),
        ("phases", {"phases": []}, "plan_with_no_phases", "$.phases"),
    ],
)
def test_it_names_what_is_wrong_with_a_plan_even_if_it_may_be_unfinished(_case, changes, code, field):
    issues = draft_issues(replace(plan_of(fee()), **changes), may_be_unfinished=True)
    assert [(issue.code, issue.field) for issue in issues] == [(code, field)]


@pytest.mark.parametrize(
    ("_case", "durations", "found"),
    [
        ("open last", ["P14D", "PT1H", None], []),
        ("no duration", [None, None], [("plan_has_non_last_phase_with_no_duration", 0)]),
        ("last ends", ["P1M"], [("plan_has_last_phase_with_duration", 0)]),
        ("short", ["PT59M", None], [("plan_phase_duration_less_then_an_hour", 0)]),
        ("backwards", ["-P1D", None], [("plan_phase_duration_less_then_an_hour", 0)]),
        ("no text of one", ["2 weeks", None], [("duration_invalid", 0)]),
    ],
)
def test_it_wants_each_phase_but_the_last_to_last(_case, durations, found):
    phases = [PhaseFacts(f"p{place}", "Phase", duration, [fee()]) for place, duration in enumerate(durations)]
    issues = publish_issues(replace(plan_of(), phases=phases))
    assert [(issue.code, issue.field) for issue in issues] == [
        (code, f"$.phases[{place}].duration") for code, place in found
    ]


def test_it_wants_a_key_of_its_own_for_each_phase():
    phases = [PhaseFacts("trial", "Trial", "P1M", [fee()]), PhaseFacts("trial", "Paid", None, [fee()])]
    issues = draft_issues(replace(plan_of(), phases=phases), may_be_unfinished=True)
    assert [(issue.code, issue.field) for issue in issues] == [
        ("plan_phase_duplicated_key", "$.phases[0].key"),
        ("plan_phase_duplicated_key", "$.phases[1].key"),
    ]


def test_it_lets_a_draft_be_empty_but_not_a_published_plan():
    assert draft_issues(plan_of()) == []
    assert [issue.code for issue in publish_issues(plan_of())] == ["plan_phase_has_no_rate_cards"]


@pytest.mark.django_db
def test_it_drafts_the_first_version_with_its_rate_cards_in_order():
    feature = FeatureFactory(key="tokens")
    plan = draft(phases=[PhaseInput([RateCardInput("usage_based", "tokens", "Tokens", TIERED, feature), flat_fee()])])
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
        draft(currency="XYZ", phases=[PhaseInput([RateCardInput("flat_fee", "fee", "", FLAT)])])
    errors = refusal.value.extensions["validationErrors"]
    assert [error["code"] for error in errors] == ["currency_invalid", "rate_card_name_missing"]
    assert (refusal.value.status, refusal.value.code) == (400, "currency_invalid")
    assert not Plan.objects.exists()


@pytest.mark.django_db
def test_it_refuses_a_price_by_group_of_what_does_not_add_up():
    price = {
        "type": "matrix",
        "dimensions": ["model"],
        "cells": [{"match": {"model": "large"}, "price": {"type": "unit", "amount": "1"}}],
    }
    for aggregation, codes in (("SUM", []), ("MAX", ["matrix_price_meter_not_additive"])):
        version = MeterVersionFactory(meter__aggregation=aggregation, group_by={"model": "$.model"})
        feature = FeatureFactory(version=version)
        card = RateCardInput("usage_based", feature.key, "Tokens", price, feature)
        assert [issue.code for issue in card_issues(card_facts(card))] == codes


@pytest.mark.django_db
def test_it_changes_what_is_given_of_a_draft_and_leaves_the_rest():
    plan = draft(description="For teams")
    card = RateCardInput("flat_fee", "seat", "Seat", {"type": "flat", "amount": "5"})
    change_draft(plan_id=plan.pk, at=AT + timedelta(hours=1), name="Pro plus", phases=[PhaseInput([card])])
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
    given = {"key": "pro", "name": "Pro", "currency": "USD", "at": AT, "phases": [PhaseInput([flat_fee()])]}
    return create_plan(**{**given, **changes})


def fee(**changes):
    return CardFacts(Terms(**{"type": "flat_fee", "key": "fee", "name": "Base fee", "price": FLAT} | changes))


def usage(**changes):
    given = {"type": "usage_based", "key": "tokens", "name": "Tokens", "price": TIERED} | changes
    return CardFacts(Terms(**given), TOKENS, "tokens")


def plan_of(*cards):
    return PlanFacts("pro", "Pro", "USD", "P1M", [PhaseFacts("default", "Default", None, cards)])
