"""A stored plan as it would be given again."""

from django.db.models import Prefetch

from metering.errors import DomainError
from pricing.models import Plan, PlanPhase, RateCard
from pricing.services.plan_inputs import PhaseInput, PlanInput, RateCardInput
from pricing.services.versions import locked_version

# The columns of a plan that are members of `PlanInput` as they are.
PLAN_COLUMNS = (
    "name",
    "description",
    "currency",
    "billing_cadence",
    "is_prorating",
    "settlement_mode",
    "minimum_amount",
    "prorate_minimum",
    "carries_usage",
)


class PlanNotDraft(DomainError):
    code = "plan_not_draft"


def locked_draft(plan_id: int) -> Plan:
    """
    Lock all versions of a plan and return this one.

    :raises PlanNotDraft: if it was published or deleted.
    """
    plan = locked_version(Plan, plan_id)
    if plan.effective_from is not None or plan.deleted_at is not None:
        word = "published" if plan.effective_from else "deleted"
        raise PlanNotDraft(f"Make a new version of {plan}: it is {word} and cannot change.")
    return plan


def input_of(plan: Plan) -> PlanInput:
    """Return a stored plan as it would be given again; three queries, none if phases and cards were fetched before."""
    return PlanInput(
        key=plan.key,
        metadata=plan.metadata,
        phases=[_phase_input(phase) for phase in phases_of(plan)],
        **{column: getattr(plan, column) for column in PLAN_COLUMNS},
    )


def with_phases() -> Prefetch:
    """Return what to prefetch, so that `input_of` asks nothing more."""
    cards = RateCard.objects.order_by("position", "pk").select_related("feature__meter")
    phases = PlanPhase.objects.order_by("position").prefetch_related(Prefetch("rate_cards", cards, "ordered_cards"))
    return Prefetch("phases", phases, "ordered_phases")


def phases_of(plan: Plan) -> list[PlanPhase]:
    """Return the phases in order, each with its rate cards as `ordered_cards`."""
    if not hasattr(plan, "ordered_phases"):
        plan = Plan.objects.prefetch_related(with_phases()).get(pk=plan.pk)
    found: list[PlanPhase] = plan.ordered_phases  # type: ignore[attr-defined]
    return found


def _phase_input(phase: PlanPhase) -> PhaseInput:
    return PhaseInput(
        key=phase.key,
        name=phase.name,
        description=phase.description,
        metadata=phase.metadata,
        duration=phase.duration or None,
        rate_cards=[
            RateCardInput.of(card.terms, card.feature)
            for card in phase.ordered_cards  # type: ignore[attr-defined]
        ],
    )
