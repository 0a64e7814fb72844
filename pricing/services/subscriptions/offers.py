"""What a subscription is made from: a version of a plan, or a plan for one customer alone."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from metering.errors import DomainError
from metering.models import Customer
from pricing.contract import Contract, PhaseTerms, phases_from
from pricing.durations import parse_duration
from pricing.models import Plan
from pricing.plan_rules import publish_issues
from pricing.services.plan_inputs import PhaseInput, PlanInput, with_features
from pricing.services.plans import InvalidPlan, input_of


class PlanNotActive(DomainError):
    code = "plan_not_active"


class UnknownPhase(DomainError):
    code = "subscription_starting_phase_not_found"


class NothingChosen(DomainError):
    code = "subscription_plan_required"


@dataclass(frozen=True)
class Offer:
    """What is agreed with a customer, apart from when; `plan` is None for a custom plan."""

    plan: Plan | None
    given: PlanInput

    def contract(self, *, start: datetime, zone: ZoneInfo, starting_phase: str | None = None) -> Contract:
        """
        Return what is agreed with whoever takes this at `start`.

        :raises UnknownPhase: if there is no phase of that key.
        """
        keys = [phase.key for phase in self.given.phases]
        if starting_phase is not None and starting_phase not in keys:
            raise UnknownPhase(f"Start in one of the phases {', '.join(keys)} instead of {starting_phase}.")
        phases = map(_phase_terms, self.given.phases)
        return Contract(
            active_from=start,
            phases=phases_from(phases, start=start, zone=zone, starting_phase=starting_phase),
            minimum_amount=self.given.minimum_amount,
            prorate_minimum=self.given.prorate_minimum,
        )


def find_offer(*, plan_id: int | None, custom_plan: PlanInput | None, customer: Customer, at: datetime) -> Offer:
    """
    Return what is offered: a plan that is on sale, or a custom plan.

    :raises NothingChosen: unless exactly one of both is given.
    :raises PlanNotActive: if the plan is a draft, archived or deleted.
    :raises InvalidPlan: naming everything that cannot be of a custom plan.
    """
    if custom_plan is not None and plan_id is None:
        return Offer(None, _checked(custom_plan))
    if plan_id is None or custom_plan is not None:
        raise NothingChosen("Choose either a plan or a custom plan.")
    plan = Plan.objects.get(pk=plan_id)
    _check_plan(plan, customer, at)
    return Offer(plan, input_of(plan))


def _checked(custom: PlanInput) -> PlanInput:
    custom = replace(custom, phases=with_features(custom.phases))
    if issues := publish_issues(custom.facts):
        raise InvalidPlan(issues)
    return custom


def _phase_terms(phase: PhaseInput) -> PhaseTerms:
    duration = parse_duration(phase.duration) if phase.duration else None
    terms = tuple(card.terms for card in phase.rate_cards)
    return PhaseTerms(phase.key, phase.name, duration, terms, phase.description, phase.metadata)


def _check_plan(plan: Plan, customer: Customer, at: datetime) -> None:
    # Plans live in real time: a test clock may stand before the plan's publication.
    begun = plan.effective_from is not None and (plan.effective_from <= at or customer.test_clock_id is not None)
    ended = plan.effective_to is not None and plan.effective_to <= at
    if not begun or ended or plan.deleted_at is not None:
        status = "deleted" if plan.deleted_at else plan.status(at).label.lower()
        raise PlanNotActive(f"Choose an active version of the plan {plan.key!r}: {plan} is {status}.")
