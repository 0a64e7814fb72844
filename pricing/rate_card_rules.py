"""Pure: what a rate card has to be, as a list of everything that is not so; paths start at the rate card."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from metering.periods import Cadence, parse_cadence
from pricing.entitlement_templates import template_issues
from pricing.issues import Issue
from pricing.keys import is_key, key_advice
from pricing.prices import Charge, InvalidPrice, parse_charge
from pricing.tax_configs import tax_issues
from pricing.terms import Terms

MAX_NAME_LENGTH = 256
MAX_DESCRIPTION_LENGTH = 1024
FLAT_FEE = "flat_fee"
USAGE_BASED = "usage_based"
# What a price is called by the JSONPath of what is wrong with it.
_PRICE_CODES = {
    "$.discounts.percentage": "percentage_discount_invalid_value",
    "$.discounts.usage": "usage_discount_negative_quantity",
    "$.discounts": "discounts_invalid",
    "$.unitConfig": "unit_config_invalid",
    "$.price": "rate_card_price_invalid",
}


@dataclass(frozen=True)
class FeatureFacts:
    """
    What the rules need to know of a rate card's feature; `groups` are the group-by names of its meter.

    `is_additive` says whether what the meter counts of each group adds up to what it counts of all.
    """

    key: str
    has_meter: bool
    is_archived: bool
    groups: tuple[str, ...] = ()
    is_additive: bool = True


@dataclass(frozen=True)
class CardFacts:
    """A rate card as the rules see it; a `feature_key` without a feature names one that does not exist."""

    terms: Terms
    feature: FeatureFacts | None = None
    feature_key: str = ""

    @property
    def has_feature(self) -> bool:
        return self.feature is not None or bool(self.feature_key)

    @property
    def has_meter(self) -> bool:
        return self.feature is not None and self.feature.has_meter

    @property
    def price_type(self) -> str | None:
        """Return the word for the kind of price, None without a price."""
        price = self.terms.price
        return None if price is None else str(price.get("type")) if isinstance(price, Mapping) else ""


def card_issues(card: CardFacts, *, plan_cadence: str | None = None) -> list[Issue]:
    """List what is wrong with a rate card, on a plan of that cadence where there is one."""
    found = [
        *_naming_issues(card.terms),
        *_feature_issues(card),
        *_price_issues(card),
        *_cadence_issues(card, plan_cadence),
        *tax_issues(card.terms.tax_config),
    ]
    if card.terms.entitlement_template is not None:
        template = card.terms.entitlement_template
        found += template_issues(template, has_feature=card.has_feature, has_meter=card.has_meter)
    return [issue.under("", f"Rate card {card.terms.key!r}: ") for issue in found]


def charge_of_card(card: CardFacts) -> Charge | None:
    """Return a rate card's price with its discounts and units, None if it has none or cannot be."""
    if card.terms.price is None:
        return None
    try:
        return _charge(card.terms)
    except InvalidPrice:
        return None


def _naming_issues(terms: Terms) -> Iterator[Issue]:
    if not is_key(terms.key):
        yield Issue("rate_card_key_invalid", key_advice("rate card", terms.key), ".key", is_critical=True)
    if not terms.name.strip():
        yield Issue("rate_card_name_missing", "Give the rate card a name.", ".name", is_critical=True)
    if len(terms.name) > MAX_NAME_LENGTH:
        message = f"Shorten the name to {MAX_NAME_LENGTH} characters."
        yield Issue("rate_card_name_too_long", message, ".name", is_critical=True)
    if len(terms.description) > MAX_DESCRIPTION_LENGTH:
        message = f"Shorten the description to {MAX_DESCRIPTION_LENGTH} characters."
        yield Issue("rate_card_description_too_long", message, ".description", is_critical=True)
    if terms.type not in (FLAT_FEE, USAGE_BASED):
        message = f"Set the type to {FLAT_FEE} or {USAGE_BASED}."
        yield Issue("rate_card_type_invalid", message, ".type", is_critical=True)


def _feature_issues(card: CardFacts) -> Iterator[Issue]:
    feature = card.feature
    if feature is None:
        if card.feature_key:
            message = f"Name a feature that exists instead of {card.feature_key!r}."
            yield Issue("rate_card_feature_not_found", message, ".featureKey", is_critical=True)
        elif _measures(card):
            yield Issue("usage_based_price_with_no_feature", "Name the feature whose usage it prices.", ".featureKey")
        return
    if feature.key != card.terms.key:
        message = f"Use the feature's key {feature.key!r} as the key of the rate card too."
        yield Issue("rate_card_key_feature_key_mismatch", message, ".key", is_critical=True)
    if feature.is_archived:
        message = f"Use a feature that is not archived instead of {feature.key!r}."
        yield Issue("rate_card_feature_archived", message, ".featureKey")
    if _measures(card) and not feature.has_meter:
        message = f"Give the feature {feature.key!r} a meter, or name a feature that has one."
        yield Issue("usage_based_price_with_feature_and_no_meter", message, ".featureKey")


def _measures(card: CardFacts) -> bool:
    return card.price_type not in (None, "flat")


def _price_issues(card: CardFacts) -> Iterator[Issue]:
    terms = card.terms
    if not _measures(card):
        yield from _flat_issues(terms, has_price=card.price_type is not None)
        terms = replace(terms, discounts=_without(terms.discounts, "usage"), unit_config=None)
    try:
        charge = _charge(terms)
    except InvalidPrice as error:
        code = error.code or _price_code(error.field)
        yield Issue(code, str(error), error.field.removeprefix("$"), is_critical=True)
        return
    if terms.type == FLAT_FEE and _measures(card):
        message = "Use a flat price, or make it a usage-based rate card."
        yield Issue("rate_card_price_invalid", message, ".price.type", is_critical=True)
    if card.has_meter and card.feature is not None:
        if charge.needs_groups and not card.feature.is_additive:
            message = f"Use another price, or a feature whose meter sums or counts, not {card.feature.key!r}."
            yield Issue("matrix_price_meter_not_additive", message, ".price.type")
        for group in charge.needs_groups:
            if group not in card.feature.groups:
                known = ", ".join(card.feature.groups) or "none"
                message = f"Use groups of the meter of {card.feature.key!r} instead of {group!r}: it has {known}."
                yield Issue("matrix_price_unknown_group", message, ".price.dimensions")


def _flat_issues(terms: Terms, *, has_price: bool) -> Iterator[Issue]:
    if has_price and isinstance(terms.discounts, Mapping) and terms.discounts.get("usage") is not None:
        message = "Leave the usage discount out: a flat price does not depend on usage."
        yield Issue("usage_discount_with_flat_price", message, ".discounts.usage")
    if terms.unit_config is not None:
        message = "Leave unitConfig out, or set a price by usage: nothing is measured here."
        yield Issue("unit_config_requires_usage_based_price", message, ".unitConfig")


def _charge(terms: Terms) -> Charge:
    # Without a price, what else is given still has to be readable.
    return parse_charge(
        price=terms.price if terms.price is not None else {"type": "flat", "amount": "0"},
        discounts=terms.discounts,
        unit_config=terms.unit_config,
        prorate_commitments=terms.prorate_commitments,
    )


def _without(discounts: Any, name: str) -> Any:
    if not isinstance(discounts, Mapping):
        return discounts
    return {key: value for key, value in discounts.items() if key != name} or None


def _price_code(field: str) -> str:
    return next((code for path, code in _PRICE_CODES.items() if field.startswith(path)), "rate_card_price_invalid")


def _cadence_issues(card: CardFacts, plan_cadence: str | None) -> Iterator[Issue]:
    text = card.terms.billing_cadence
    if text is None:
        if card.terms.type == USAGE_BASED:
            message = "Say how often it is billed, such as P1M: only a flat fee is billed once."
            yield Issue("billing_cadence_invalid_value", message, ".billingCadence")
        return
    own, advice = read_cadence(text)
    of_plan, _ = read_cadence(plan_cadence or "")
    if own is None:
        yield Issue("billing_cadence_invalid_value", advice, ".billingCadence", is_critical=True)
    elif of_plan is not None and card.terms.price is not None and not are_aligned(own, of_plan):
        message = (
            f"Bill it every {plan_cadence} like the plan, or at a cadence that divides that or is a multiple, "
            f"not every {text}."
        )
        yield Issue("rate_card_billing_cadence_unaligned", message, ".billingCadence")


def are_aligned(one: Cadence, other: Cadence) -> bool:
    """Tell whether one cadence divides the other."""
    # Every period is made of whole days; months and weeks never meet.
    if Cadence(days=1) in (one, other):
        return True
    if one.months and other.months:
        return max(one.months, other.months) % min(one.months, other.months) == 0
    return bool(one.days and other.days) and max(one.days, other.days) % min(one.days, other.days) == 0


def read_cadence(text: str) -> tuple[Cadence | None, str]:
    """Return a cadence, or else what to write instead."""
    try:
        return parse_cadence(text), ""
    except ValueError as error:
        return None, str(error)
