"""Draft, change and publish plans. A published plan never changes: the next version is a new draft."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from metering.errors import DomainError
from pricing.models import Feature, Plan, PlanPhase, RateCard
from pricing.plan_rules import CardFacts, FeatureFacts, Issue, PlanFacts, draft_issues, publish_issues
from pricing.services.conflicts import refusing


class InvalidPlan(DomainError):
    """Carries every issue; its code and message are those of the first."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__(issues[0].message, extensions={"validationErrors": [issue.as_json() for issue in issues]})
        self.code = issues[0].code


class DraftExists(DomainError):
    code = "plan_draft_exists"

    def __init__(self, key: str) -> None:
        super().__init__(f"Change or publish the draft of the plan {key!r} first: a plan has one at a time.")


class PlanNotDraft(DomainError):
    code = "plan_not_draft"


class PublishedLater(DomainError):
    status = 409
    code = "plan_effective_period_overlap"


@dataclass(frozen=True)
class RateCardInput:
    """One rate card as it is given: the price in OpenMeter's JSON shape, the key that of the feature if it has one."""

    type: str
    key: str
    name: str
    price: Mapping[str, object]
    feature: Feature | None = None
    billing_cadence: str = "P1M"


@transaction.atomic
def create_plan(
    *,
    key: str,
    name: str,
    currency: str,
    at: datetime,
    rate_cards: Sequence[RateCardInput],
    billing_cadence: str = "P1M",
    description: str = "",
    metadata: Mapping[str, str] | None = None,
) -> Plan:
    """
    Draft the next version of a plan, with one phase.

    :raises InvalidPlan: naming everything that cannot be.
    :raises DraftExists: if this plan has a draft already.
    """
    facts = PlanFacts(key, name, currency, billing_cadence, [_card_facts(card) for card in rate_cards])
    _refuse(draft_issues(facts))
    _lock_versions(key)
    with refusing("one_draft_per_plan_key", lambda: DraftExists(key)):
        plan = Plan.objects.create(
            key=key,
            version=_next_version(key),
            name=name,
            description=description,
            currency=currency,
            billing_cadence=billing_cadence,
            metadata=dict(metadata or {}),
            created_at=at,
            updated_at=at,
        )
    _write_cards(PlanPhase.objects.create(plan=plan), rate_cards)
    return plan


@transaction.atomic
def change_draft(
    *,
    plan_id: int,
    at: datetime,
    name: str | None = None,
    description: str | None = None,
    currency: str | None = None,
    billing_cadence: str | None = None,
    metadata: Mapping[str, str] | None = None,
    rate_cards: Sequence[RateCardInput] | None = None,
) -> Plan:
    """
    Change what is given of a draft; rate cards are replaced as a whole.

    :raises PlanNotDraft: if the plan was published.
    :raises InvalidPlan: naming everything that cannot be.
    """
    plan = _locked_draft(plan_id)
    given = {
        "name": name,
        "description": description,
        "currency": currency,
        "billing_cadence": billing_cadence,
        "metadata": None if metadata is None else dict(metadata),
    }
    for field, value in given.items():
        if value is not None:
            setattr(plan, field, value)
    _refuse(draft_issues(_plan_facts(plan, rate_cards)))
    plan.updated_at = at
    plan.save()
    if rate_cards is not None:
        phase = plan.phases.get()
        phase.rate_cards.all().delete()
        _write_cards(phase, rate_cards)
    return plan


@transaction.atomic
def publish_plan(*, plan_id: int, at: datetime) -> Plan:
    """
    Make a draft the version that new subscriptions get, and archive the one before at the same instant.

    :raises PlanNotDraft: if the plan was published before.
    :raises InvalidPlan: naming everything that has to change first.
    :raises PublishedLater: if another version took effect at this instant or after it.
    """
    plan = _locked_draft(plan_id)
    _refuse(publish_issues(_plan_facts(plan)))
    _archive_others(plan, at)
    plan.effective_from = plan.updated_at = at
    plan.save(update_fields=["effective_from", "updated_at"])
    return plan


def _archive_others(plan: Plan, at: datetime) -> None:
    for other in Plan.objects.filter(key=plan.key, effective_from__isnull=False, deleted_at=None):
        began, ended = other.effective_from, other.effective_to
        if began is not None and (began >= at or (ended is not None and ended > at)):
            raise PublishedLater(f"Publish {plan} after {(ended or began).isoformat()}, when {other} changed last.")
        if other.effective_to is None:
            other.effective_to = other.updated_at = at
            other.save(update_fields=["effective_to", "updated_at"])


def _locked_draft(plan_id: int) -> Plan:
    _lock_versions(Plan.objects.values_list("key", flat=True).get(pk=plan_id))
    plan = Plan.objects.get(pk=plan_id)
    if plan.effective_from is not None or plan.deleted_at is not None:
        raise PlanNotDraft(f"Make a new version of {plan}: it is published and cannot change.")
    return plan


def _lock_versions(key: str) -> None:
    list(Plan.objects.filter(key=key).order_by("pk").select_for_update().values_list("pk"))


def _next_version(key: str) -> int:
    newest: int | None = Plan.objects.filter(key=key).aggregate(newest=Max("version"))["newest"]
    return (newest or 0) + 1


def _write_cards(phase: PlanPhase, rate_cards: Sequence[RateCardInput]) -> None:
    RateCard.objects.bulk_create(
        RateCard(
            phase=phase,
            position=position,
            type=card.type,
            key=card.key,
            name=card.name,
            feature=card.feature,
            billing_cadence=card.billing_cadence,
            price=dict(card.price),
        )
        for position, card in enumerate(rate_cards)
    )


def _refuse(issues: Sequence[Issue]) -> None:
    if issues:
        raise InvalidPlan(issues)


def _plan_facts(plan: Plan, rate_cards: Sequence[RateCardInput] | None = None) -> PlanFacts:
    cards: Sequence[RateCardInput | RateCard]
    if rate_cards is None:
        stored = RateCard.objects.filter(phase__plan=plan).select_related("feature")
        cards = list(stored.order_by("phase__position", "position", "pk"))
    else:
        cards = rate_cards
    return PlanFacts(plan.key, plan.name, plan.currency, plan.billing_cadence, [_card_facts(card) for card in cards])


def _card_facts(card: RateCardInput | RateCard) -> CardFacts:
    return CardFacts(
        type=card.type,
        key=card.key,
        name=card.name,
        price=card.price,
        billing_cadence=card.billing_cadence,
        feature=None if card.feature is None else _feature_facts(card.feature),
    )


def _feature_facts(feature: Feature) -> FeatureFacts:
    return FeatureFacts(
        key=feature.key, has_meter=feature.meter_id is not None, is_archived=feature.archived_at is not None
    )
