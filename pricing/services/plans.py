"""Draft, change and publish plans. A published plan never changes: the next version is a new draft."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from metering.errors import DomainError
from pricing.issues import Issue
from pricing.models import Addon, Feature, Plan, PlanAddon, PlanPhase, RateCard
from pricing.plan_rules import draft_issues, publish_issues
from pricing.services.plan_addons import attached_issues
from pricing.services.plan_inputs import PhaseInput, PlanInput, RateCardInput, with_features
from pricing.services.stored_plans import PLAN_COLUMNS, PlanNotDraft, input_of, locked_draft
from pricing.services.versions import (
    InvalidVersion,
    PublishedLater,
    archive_version,
    delete_version,
    lock_versions,
    locked_version,
    next_version,
    one_draft,
    put_in_force,
)

__all__ = ["InvalidPlan", "PhaseInput", "PlanInput", "PlanNotDraft", "PublishedLater", "RateCardInput", "input_of"]


class InvalidPlan(InvalidVersion):
    pass


class DraftExists(DomainError):
    code = "plan_draft_exists"

    def __init__(self, key: str) -> None:
        super().__init__(f"Change or publish the draft of the plan {key!r} first: a plan has one at a time.")


@transaction.atomic
def create_plan(
    *,
    key: str,
    name: str,
    currency: str,
    at: datetime,
    phases: Sequence[PhaseInput],
    may_be_unfinished: bool = False,
    **others: Any,
) -> Plan:
    """
    Draft the next version of a plan; `others` are further members of `PlanInput`.

    One that `may_be_unfinished` may break rules that are checked again when it is published.

    :raises InvalidPlan: naming everything that cannot be.
    :raises DraftExists: if this plan has a draft already.
    """
    given = PlanInput(key=key, name=name, currency=currency, phases=with_features(phases), **others)
    _refuse(draft_issues(given.facts, may_be_unfinished=may_be_unfinished))
    lock_versions(Plan, key)
    with one_draft("plan", lambda: DraftExists(key)):
        plan = Plan.objects.create(
            key=key,
            version=next_version(Plan, key),
            metadata=dict(given.metadata),
            created_at=at,
            updated_at=at,
            **{column: getattr(given, column) for column in PLAN_COLUMNS},
        )
    _write_phases(plan, given.phases)
    return plan


@transaction.atomic
def change_draft(*, plan_id: int, at: datetime, may_be_unfinished: bool = False, **changes: Any) -> Plan:
    """
    Change what is given of a draft, by members of `PlanInput`; phases are replaced as a whole.

    :raises PlanNotDraft: if the plan was published.
    :raises InvalidPlan: naming everything that cannot be.
    """
    plan = locked_draft(plan_id)
    given = replace(input_of(plan), **changes)
    if "phases" in changes:
        given = replace(given, phases=with_features(given.phases))
    _refuse(draft_issues(given.facts, may_be_unfinished=may_be_unfinished))
    for column in PLAN_COLUMNS:
        setattr(plan, column, getattr(given, column))
    plan.metadata = dict(given.metadata)
    plan.updated_at = at
    plan.save()
    if "phases" in changes:
        plan.phases.all().delete()
        _write_phases(plan, given.phases)
    return plan


@transaction.atomic
def publish_plan(*, plan_id: int, at: datetime) -> Plan:
    """
    Make a draft the version that new subscriptions get, and archive the one before at the same instant.

    :raises PlanNotDraft: if the plan was published before.
    :raises InvalidPlan: naming everything that has to change first.
    :raises PublishedLater: if another version took effect at this instant or after it.
    """
    plan = locked_draft(plan_id)
    _hold(plan)
    _refuse(open_issues(plan, at=at))
    put_in_force(plan, at=at)
    return plan


@transaction.atomic
def archive_plan(*, plan_id: int, at: datetime) -> Plan:
    """
    Take a plan out of sale; subscriptions keep it.

    :raises NotActive: if it is not on sale.
    """
    plan = locked_version(Plan, plan_id)
    archive_version(plan, at=at)
    return plan


@transaction.atomic
def delete_plan(*, plan_id: int, at: datetime) -> None:
    """
    Delete a plan that is not on sale; once more changes nothing.

    :raises StillActive: if it is on sale.
    """
    delete_version(locked_version(Plan, plan_id), at=at)


@transaction.atomic
def next_plan(*, plan_id: int, at: datetime) -> Plan:
    """
    Draft the next version with everything that this one has, add-ons that are still on sale included.

    :raises DraftExists: if the plan has a draft already.
    """
    source = Plan.objects.get(pk=plan_id)
    given = input_of(source)
    values = {column: getattr(given, column) for column in (*PLAN_COLUMNS, "metadata", "phases")}
    plan = create_plan(key=source.key, at=at, may_be_unfinished=True, **values)
    PlanAddon.objects.bulk_create(
        PlanAddon(
            plan=plan,
            addon=attached.addon,
            from_phase_key=attached.from_phase_key,
            max_quantity=attached.max_quantity,
            metadata=attached.metadata,
            created_at=at,
            updated_at=at,
        )
        for attached in source.plan_addons.filter(addon__effective_to=None, addon__deleted_at=None).order_by("pk")
    )
    return plan


def open_issues(plan: Plan, *, at: datetime) -> list[Issue]:
    """List what keeps a stored plan from being published at a time, its add-ons included."""
    return [*publish_issues(input_of(plan).facts), *attached_issues(plan, at=at)]


def _hold(plan: Plan) -> None:
    # Whoever archives a feature or an add-on of the plan waits until it is published.
    features = Feature.objects.filter(pk__in=RateCard.objects.filter(phase__plan=plan).values("feature"))
    addons = Addon.objects.filter(pk__in=plan.plan_addons.values("addon"))
    list(features.order_by("pk").select_for_update(no_key=True).values("pk"))
    list(addons.order_by("pk").select_for_update(no_key=True).values("pk"))


def _write_phases(plan: Plan, phases: Sequence[PhaseInput]) -> None:
    for position, phase in enumerate(phases):
        row = PlanPhase.objects.create(
            plan=plan,
            key=phase.key,
            name=phase.name,
            description=phase.description,
            metadata=dict(phase.metadata),
            position=position,
            duration=phase.duration or "",
        )
        RateCard.objects.bulk_create(
            RateCard(phase=row, position=place, **_columns(card)) for place, card in enumerate(phase.rate_cards)
        )


def _columns(card: RateCardInput) -> Mapping[str, Any]:
    return RateCard.columns_of(card.terms)


def _refuse(issues: Sequence[Issue]) -> None:
    if issues:
        raise InvalidPlan(issues)
