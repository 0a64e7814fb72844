"""Pure: what a plan and its rate cards have to be, as a list of everything that is not so."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from metering.periods import Cadence, parse_cadence
from pricing.money import UnknownCurrency, exponent
from pricing.prices import FlatPrice, InvalidPrice, parse_price

KEY = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
MAX_KEY_LENGTH = 64
FLAT_FEE = "flat_fee"
USAGE_BASED = "usage_based"


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong: OpenMeter's code where there is one, what to change, and where (JSONPath)."""

    code: str
    message: str
    field: str

    def as_json(self) -> dict[str, str]:
        """Return the shape of OpenMeter's `validationErrors`."""
        return {"code": self.code, "message": self.message, "field": self.field}


@dataclass(frozen=True)
class FeatureFacts:
    """What the rules need to know of a rate card's feature."""

    key: str
    has_meter: bool
    is_archived: bool


@dataclass(frozen=True)
class CardFacts:
    """A rate card as the rules see it, wherever it comes from."""

    type: str
    key: str
    name: str
    price: Mapping[str, object]
    billing_cadence: str
    feature: FeatureFacts | None


@dataclass(frozen=True)
class PlanFacts:
    """A plan of one phase as the rules see it."""

    key: str
    name: str
    currency: str
    billing_cadence: str
    cards: Sequence[CardFacts]


def is_key(text: str) -> bool:
    """Tell whether a text may be a key: lower-case words and digits joined by underscores, 64 characters at most."""
    return len(text) <= MAX_KEY_LENGTH and KEY.fullmatch(text) is not None


def draft_issues(plan: PlanFacts) -> list[Issue]:
    """List what keeps a plan from being saved as a draft; a draft may still lack rate cards."""
    return [*_plan_issues(plan), *_duplicates(plan.cards), *_all_card_issues(plan)]


def publish_issues(plan: PlanFacts) -> list[Issue]:
    """List what keeps a draft from being published."""
    issues = draft_issues(plan)
    if not plan.cards:
        message = "Add at least one rate card before you publish the plan."
        issues.append(Issue("plan_phase_has_no_rate_cards", message, "$.phases[0].rateCards"))
    return issues


def _plan_issues(plan: PlanFacts) -> Iterator[Issue]:
    if not is_key(plan.key):
        yield Issue("plan_key_invalid", _key_advice("plan", plan.key), "$.key")
    if not plan.name.strip():
        yield Issue("plan_name_missing", "Give the plan a name.", "$.name")
    try:
        exponent(plan.currency)
    except UnknownCurrency as error:
        yield Issue("currency_invalid", str(error), "$.currency")
    cadence, advice = _read_cadence(plan.billing_cadence)
    if cadence is None:
        yield Issue("plan_billing_cadence_invalid", advice, "$.billingCadence")


def _duplicates(cards: Sequence[CardFacts]) -> Iterator[Issue]:
    uses = Counter(card.key for card in cards)
    for index, card in enumerate(cards):
        if uses[card.key] > 1:
            message = f"Give each rate card a key of its own: {card.key!r} occurs {uses[card.key]} times."
            yield Issue("rate_card_duplicated_key", message, f"{_path(index)}.key")


def _all_card_issues(plan: PlanFacts) -> Iterator[Issue]:
    for index, card in enumerate(plan.cards):
        for issue in (
            *_naming_issues(card),
            *_feature_issues(card),
            *_price_issues(card),
            *_cadence_issues(card, plan),
        ):
            yield Issue(issue.code, f"Rate card {card.key!r}: {issue.message}", _path(index) + issue.field)


def _naming_issues(card: CardFacts) -> Iterator[Issue]:
    if not is_key(card.key):
        yield Issue("rate_card_key_invalid", _key_advice("rate card", card.key), ".key")
    if not card.name.strip():
        yield Issue("rate_card_name_missing", "Give the rate card a name.", ".name")
    if card.type not in (FLAT_FEE, USAGE_BASED):
        yield Issue("rate_card_type_invalid", f"Set the type to {FLAT_FEE} or {USAGE_BASED}.", ".type")


def _feature_issues(card: CardFacts) -> Iterator[Issue]:
    feature = card.feature
    if feature is None:
        if card.type == USAGE_BASED:
            yield Issue("usage_based_price_with_no_feature", "Name the feature whose usage it prices.", ".featureKey")
        return
    if feature.key != card.key:
        message = f"Use the feature's key {feature.key!r} as the key of the rate card too."
        yield Issue("rate_card_key_feature_key_mismatch", message, ".key")
    if feature.is_archived:
        message = f"Use a feature that is not archived instead of {feature.key!r}."
        yield Issue("rate_card_feature_archived", message, ".featureKey")
    if card.type == USAGE_BASED and not feature.has_meter:
        message = f"Give the feature {feature.key!r} a meter, or name a feature that has one."
        yield Issue("usage_based_price_with_feature_and_no_meter", message, ".featureKey")


def _price_issues(card: CardFacts) -> Iterator[Issue]:
    try:
        price = parse_price(card.price)
    except InvalidPrice as error:
        yield Issue("rate_card_price_invalid", str(error), ".price" + error.field.removeprefix("$"))
        return
    if card.type == FLAT_FEE and not isinstance(price, FlatPrice):
        yield Issue("rate_card_price_invalid", "Use a flat price, or make it a usage-based rate card.", ".price.type")
    if card.type == USAGE_BASED and isinstance(price, FlatPrice):
        yield Issue("rate_card_price_invalid", "Use a tiered price, or make it a flat-fee rate card.", ".price.type")


def _cadence_issues(card: CardFacts, plan: PlanFacts) -> Iterator[Issue]:
    own, advice = _read_cadence(card.billing_cadence)
    of_plan, _ = _read_cadence(plan.billing_cadence)
    if own is None:
        yield Issue("rate_card_billing_cadence_invalid", advice, ".billingCadence")
    elif of_plan is not None and not _aligned(own, of_plan):
        message = (
            f"Bill it every {plan.billing_cadence} like the plan, or at a cadence that divides that or is a multiple, "
            f"not every {card.billing_cadence}."
        )
        yield Issue("rate_card_billing_cadence_unaligned", message, ".billingCadence")


def _aligned(one: Cadence, other: Cadence) -> bool:
    # Every period is made of whole days; months and weeks never meet.
    if Cadence(days=1) in (one, other):
        return True
    if one.months and other.months:
        return max(one.months, other.months) % min(one.months, other.months) == 0
    return bool(one.days and other.days) and max(one.days, other.days) % min(one.days, other.days) == 0


def _read_cadence(text: str) -> tuple[Cadence | None, str]:
    try:
        return parse_cadence(text), ""
    except ValueError as error:
        return None, str(error)


def _key_advice(what: str, key: str) -> str:
    return (
        f"Write the key of the {what} as 1 to {MAX_KEY_LENGTH} lower-case letters, digits and single underscores, "
        f"not as {key!r}."
    )


def _path(index: int) -> str:
    return f"$.phases[0].rateCards[{index}]"
