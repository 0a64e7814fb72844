import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from pricing.models import Plan, RateCard, VersionStatus
from pricing.services.features import archive_feature
from pricing.services.plans import (
    InvalidPlan,
    PhaseInput,
    PlanNotDraft,
    PublishedLater,
    RateCardInput,
    change_draft,
    create_plan,
    publish_plan,
)
from tests.factories import FeatureFactory, PlanPhaseFactory

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(days=30)
FLAT = {"type": "flat", "amount": "20.00"}
TIERED = {"type": "tiered", "mode": "graduated", "tiers": [{"unitPrice": {"type": "unit", "amount": "0.01"}}]}


def draft(**changes):
    card = RateCardInput("flat_fee", "fee", "Base fee", FLAT)
    given = {"key": "pro", "name": "Pro", "currency": "USD", "at": AT, "phases": [PhaseInput([card])]}
    return create_plan(**{**given, **changes})


@pytest.mark.django_db
def test_it_takes_effect_at_once():
    plan = publish_plan(plan_id=draft().pk, at=AT)
    plan.refresh_from_db()
    assert (plan.effective_from, plan.effective_to, plan.status(AT)) == (AT, None, VersionStatus.ACTIVE)


@pytest.mark.django_db
def test_it_archives_the_version_before_at_the_same_instant():
    first = publish_plan(plan_id=draft().pk, at=AT)
    second = publish_plan(plan_id=draft(at=LATER).pk, at=LATER)
    first.refresh_from_db()
    assert (first.effective_to, second.effective_from, second.version) == (LATER, LATER, 2)
    assert list(Plan.objects.active(LATER)) == [second]
    assert list(Plan.objects.active(LATER - timedelta(microseconds=1))) == [first]


@pytest.mark.django_db
def test_it_leaves_other_plans_alone():
    other = publish_plan(plan_id=draft(key="basic").pk, at=AT)
    publish_plan(plan_id=draft().pk, at=LATER)
    other.refresh_from_db()
    assert other.effective_to is None


@pytest.mark.django_db
def test_it_refuses_a_plan_without_rate_cards():
    plan = draft(phases=[PhaseInput()])
    with pytest.raises(InvalidPlan, match="Add at least one rate card") as refusal:
        publish_plan(plan_id=plan.pk, at=AT)
    assert refusal.value.code == "plan_phase_has_no_rate_cards"
    plan.refresh_from_db()
    assert plan.effective_from is None


@pytest.mark.django_db
def test_it_checks_again_what_was_right_in_the_draft():
    feature = FeatureFactory(key="tokens")
    plan = draft(phases=[PhaseInput([RateCardInput("usage_based", "tokens", "Tokens", TIERED, feature)])])
    archive_feature(feature_id=feature.pk, at=AT)
    with pytest.raises(InvalidPlan) as refusal:
        publish_plan(plan_id=plan.pk, at=AT)
    assert refusal.value.code == "rate_card_feature_archived"


@pytest.mark.django_db
def test_it_publishes_once():
    plan = publish_plan(plan_id=draft().pk, at=AT)
    with pytest.raises(PlanNotDraft):
        publish_plan(plan_id=plan.pk, at=LATER)


@pytest.mark.django_db
def test_it_refuses_to_go_back_before_the_version_in_force():
    first = publish_plan(plan_id=draft().pk, at=LATER)
    second = draft()
    for at in (AT, LATER):
        with pytest.raises(PublishedLater, match="Publish pro v2 after 2026-01-31"):
            publish_plan(plan_id=second.pk, at=at)
    first.refresh_from_db()
    assert first.effective_to is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pricing_ratecard SET price = '{}'",
        "UPDATE pricing_ratecard SET name = 'x'",
        "DELETE FROM pricing_ratecard",
        "INSERT INTO pricing_ratecard (phase_id, position, type, key, name, billing_cadence, price)"
        " SELECT phase_id, 1, type, 'other', name, billing_cadence, price FROM pricing_ratecard",
        "UPDATE pricing_planphase SET name = 'x'",
        "INSERT INTO pricing_planphase (plan_id, key, name, position, duration)"
        " SELECT id, 'x', 'x', 9, '' FROM pricing_plan",
        "UPDATE pricing_plan SET currency = 'EUR'",
        "UPDATE pricing_plan SET effective_from = NULL",
        "UPDATE pricing_plan SET effective_from = effective_from + interval '1 day'",
    ],
)
@pytest.mark.django_db
def test_the_database_freezes_a_published_plan(statement):
    plan = publish_plan(plan_id=draft().pk, at=AT)
    with (
        pytest.raises(DatabaseError, match="A published plan cannot change"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert RateCard.objects.filter(phase__plan=plan).values_list("price", "name").get() == (FLAT, "Base fee")


@pytest.mark.django_db
def test_the_database_refuses_to_move_a_rate_card_of_a_draft_into_a_published_plan():
    published = publish_plan(plan_id=draft().pk, at=AT)
    card = RateCard.objects.create(
        phase=PlanPhaseFactory(), type="flat_fee", key="extra", name="Extra", price=FLAT, billing_cadence="P1M"
    )
    with pytest.raises(DatabaseError, match="A published plan cannot change"), transaction.atomic():
        RateCard.objects.filter(pk=card.pk).update(phase=published.phases.get())


@pytest.mark.django_db
def test_it_lets_a_draft_be_deleted_and_a_published_plan_be_renamed():
    plan = publish_plan(plan_id=draft().pk, at=AT)
    Plan.objects.filter(pk=plan.pk).update(name="Pro 2026")
    draft(at=LATER).delete()
    assert list(Plan.objects.values_list("name", flat=True)) == ["Pro 2026"]


@pytest.mark.django_db(transaction=True)
def test_it_and_a_change_of_the_draft_wait_for_each_other():
    plan = draft()
    refusals = []

    def change():
        try:
            change_draft(
                plan_id=plan.pk, at=LATER, phases=[PhaseInput([RateCardInput("flat_fee", "seat", "Seat", FLAT)])]
            )
        except PlanNotDraft as error:
            refusals.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        publish_plan(plan_id=plan.pk, at=AT)
        thread = threading.Thread(target=change)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive()
    thread.join(timeout=10)
    assert len(refusals) == 1
    assert list(RateCard.objects.values_list("key", flat=True)) == ["fee"]
