"""Pure: what of a plan may not be meant, though nothing forbids it."""

from collections.abc import Iterator, Sequence

from pricing.entitlement_templates import allowance_of
from pricing.included_units import free_quantity
from pricing.issues import Issue
from pricing.plan_rules import PhaseFacts, PlanFacts, path_of
from pricing.price_warnings import warnings_of
from pricing.rate_card_rules import CardFacts, charge_of_card


def plan_warnings(plan: PlanFacts) -> list[Issue]:
    """List what may not be meant: prices that fall with usage, gaps, what nothing measures, two kinds of free units."""
    found = list(_gaps(plan.phases))
    for phase_index, phase in enumerate(plan.phases):
        for card_index, card in enumerate(phase.cards):
            whose = f"Rate card {card.terms.key!r} in phase {phase.key!r}: "
            for warning in card_warnings(card, plan.currency):
                found.append(warning.under(path_of(phase_index, card_index), whose))
    return found


def card_warnings(card: CardFacts, currency: str) -> Iterator[Issue]:
    """Yield what may not be meant of one rate card; paths start there."""
    charge = charge_of_card(card)
    if charge is None:
        return
    if card.price_type != "flat" and card.feature is not None and not card.feature.has_meter:
        message = f"The feature {card.feature.key!r} has no meter, so its usage is never counted."
        yield Issue("priced_feature_without_meter", message, ".featureKey")
    for message in warnings_of(charge, currency):
        yield Issue("price_may_not_be_meant", message, ".price")
    free, allowance = free_quantity(card.terms), allowance_of(card.terms.entitlement_template)
    if card.price_type != "flat" and allowance is not None and (free or 0) != allowance:
        message = f"The price leaves {free or 0:f} units free, but the entitlement includes {allowance:f}."
        yield Issue("included_units_differ", message, ".entitlementTemplate.issueAfterReset")


def _gaps(phases: Sequence[PhaseFacts]) -> Iterator[Issue]:
    keys = [{card.terms.key for card in phase.cards if card.terms.price is not None} for phase in phases]
    for index in range(1, len(phases) - 1):
        around = set().union(*keys[:index]) & set().union(*keys[index + 1 :])
        for key in sorted(around - keys[index]):
            message = f"The phase {phases[index].key!r} does not charge for {key!r}, which phases before and after do."
            yield Issue("rate_card_gap", message, f"$.phases[{index}].rateCards")
