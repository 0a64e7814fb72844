"""Pure: what a plan has to be, as a list of everything that is not so."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pricing.issues import Issue, length_issues
from pricing.keys import is_key, key_advice
from pricing.money import UnknownCurrency, exponent
from pricing.rate_card_rules import CardFacts, card_issues, read_cadence

SETTLEMENT_MODES = ("credit_then_invoice",)
_EMPTY_PHASE = "plan_phase_has_no_rate_cards"


@dataclass(frozen=True)
class PhaseFacts:
    """A phase as the rules see it; `duration` None is open, as that of the last phase has to be."""

    key: str
    name: str
    duration: str | None
    cards: Sequence[CardFacts]


@dataclass(frozen=True)
class PlanFacts:
    """A plan as the rules see it, wherever it comes from; a custom plan has no key."""

    key: str | None
    name: str
    currency: str
    billing_cadence: str
    phases: Sequence[PhaseFacts]
    settlement_mode: str = "credit_then_invoice"
    minimum_amount: Decimal | None = None


def draft_issues(plan: PlanFacts, *, may_be_unfinished: bool = False) -> list[Issue]:
    """
    List what keeps a plan from being saved as a draft; a draft may still lack rate cards.

    One that `may_be_unfinished` may also have whatever else can be mended before it is published.
    """
    issues = publish_issues(plan)
    return [issue for issue in issues if issue.is_critical or not (may_be_unfinished or issue.code == _EMPTY_PHASE)]


def publish_issues(plan: PlanFacts) -> list[Issue]:
    """List what keeps a plan from being published, or subscribed to as a custom plan."""
    return [*_plan_issues(plan), *_order_issues(plan.phases), *_all_phase_issues(plan)]


def path_of(phase: int, card: int) -> str:
    """Return the JSONPath of a rate card in a plan."""
    return f"$.phases[{phase}].rateCards[{card}]"


def duplicate_keys(cards: Sequence[CardFacts]) -> Iterator[Issue]:
    """Yield each rate card whose key another one has as well; paths start where the list is."""
    uses = Counter(card.terms.key for card in cards)
    for index, card in enumerate(cards):
        if uses[card.terms.key] > 1:
            message = f"Give each rate card a key of its own: {card.terms.key!r} occurs {uses[card.terms.key]} times."
            yield Issue("rate_card_duplicated_key", message, f".rateCards[{index}].key", is_critical=True)


def naming_issues(what: str, key: str | None, name: str) -> Iterator[Issue]:
    """Yield what is wrong with the key and the name of a plan or an add-on."""
    if key is not None and not is_key(key):
        yield Issue(f"{what}_key_invalid", key_advice(what.replace("_", "-"), key), "$.key", is_critical=True)
    if not name.strip():
        yield Issue(f"{what}_name_missing", f"Give the {what.replace('_', '-')} a name.", "$.name", is_critical=True)


def currency_issues(currency: str) -> Iterator[Issue]:
    """Yield what is wrong with a currency."""
    try:
        exponent(currency)
    except UnknownCurrency as error:
        yield Issue("currency_invalid", str(error), "$.currency", is_critical=True)


def _plan_issues(plan: PlanFacts) -> Iterator[Issue]:
    yield from naming_issues("plan", plan.key, plan.name)
    yield from currency_issues(plan.currency)
    cadence, advice = read_cadence(plan.billing_cadence)
    if cadence is None:
        yield Issue("plan_billing_cadence_invalid", advice, "$.billingCadence", is_critical=True)
    if plan.settlement_mode not in SETTLEMENT_MODES:
        message = f"Set settlementMode to {SETTLEMENT_MODES[0]}: there are no credits to pay from yet."
        yield Issue("settlement_mode_not_supported", message, "$.settlementMode", is_critical=True)
    if plan.minimum_amount is not None and plan.minimum_amount < 0:
        yield Issue("minimum_amount_negative", "Set minimumAmount to zero or more.", "$.minimumAmount", True)
    if not plan.phases:
        yield Issue("plan_with_no_phases", "Give the plan at least one phase.", "$.phases", is_critical=True)


def _order_issues(phases: Sequence[PhaseFacts]) -> Iterator[Issue]:
    for index, phase in enumerate(phases):
        field, is_last = f"$.phases[{index}].duration", index == len(phases) - 1
        if is_last and phase.duration is not None:
            message = f"Leave the duration of the last phase {phase.key!r} out: it goes on until the subscription ends."
            yield Issue("plan_has_last_phase_with_duration", message, field)
        if not is_last and phase.duration is None:
            message = f"Say how long the phase {phase.key!r} lasts, such as P1M: only the last phase is open."
            yield Issue("plan_has_non_last_phase_with_no_duration", message, field)
        if phase.duration is not None:
            code = "plan_phase_duration_less_then_an_hour"
            yield from length_issues(phase.duration, what=f"phase {phase.key!r}", code=code, field=field)


def _all_phase_issues(plan: PlanFacts) -> Iterator[Issue]:
    uses = Counter(phase.key for phase in plan.phases)
    for index, phase in enumerate(plan.phases):
        path = f"$.phases[{index}]"
        if uses[phase.key] > 1:
            message = f"Give each phase a key of its own: {phase.key!r} occurs {uses[phase.key]} times."
            yield Issue("plan_phase_duplicated_key", message, f"{path}.key", is_critical=True)
        for issue in _phase_issues(phase, plan.billing_cadence):
            yield issue.under(path)


def _phase_issues(phase: PhaseFacts, cadence: str) -> Iterator[Issue]:
    if not is_key(phase.key):
        yield Issue("plan_phase_key_invalid", key_advice("phase", phase.key), ".key", is_critical=True)
    if not phase.name.strip():
        yield Issue("plan_phase_name_missing", "Give the phase a name.", ".name", is_critical=True)
    if not phase.cards:
        message = f"Add at least one rate card to the phase {phase.key!r} before you publish the plan."
        yield Issue(_EMPTY_PHASE, message, ".rateCards")
    yield from duplicate_keys(phase.cards)
    for index, card in enumerate(phase.cards):
        for issue in card_issues(card, plan_cadence=cadence):
            yield issue.under(f".rateCards[{index}]")
