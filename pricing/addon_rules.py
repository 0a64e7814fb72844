"""Pure: what an add-on has to be, and which rate cards of a plan it fits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pricing.entitlement_templates import METERED, STATIC, usage_period_of
from pricing.issues import Issue
from pricing.plan_rules import PhaseFacts, currency_issues, duplicate_keys, naming_issues
from pricing.rate_card_rules import CardFacts, card_issues, charge_of_card

SINGLE, MULTIPLE = "single", "multiple"
_EMPTY = "addon_has_no_rate_cards"


@dataclass(frozen=True)
class AddonFacts:
    """An add-on as the rules see it."""

    key: str
    name: str
    currency: str
    instance_type: str
    cards: Sequence[CardFacts]


@dataclass(frozen=True)
class Attachment:
    """How an add-on is offered with a plan: from which phase on, at most how often (None: any number)."""

    addon: AddonFacts
    is_on_sale: bool
    from_phase_key: str
    max_quantity: int | None


def addon_draft_issues(addon: AddonFacts, *, may_be_unfinished: bool = False) -> list[Issue]:
    """List what keeps an add-on from being saved as a draft; see `plan_rules.draft_issues`."""
    issues = addon_issues(addon)
    return [issue for issue in issues if issue.is_critical or not (may_be_unfinished or issue.code == _EMPTY)]


def addon_issues(addon: AddonFacts) -> list[Issue]:
    """List what keeps an add-on from being published."""
    return [
        *naming_issues("addon", addon.key, addon.name),
        *currency_issues(addon.currency),
        *_instance_issues(addon),
        *(issue.under("$") for issue in duplicate_keys(addon.cards)),
        *(issue.under(_path(index)) for index, card in enumerate(addon.cards) for issue in card_issues(card)),
    ]


def attachment_issues(attachment: Attachment, *, currency: str, phases: Sequence[PhaseFacts]) -> list[Issue]:
    """List what keeps an add-on from being offered with a plan in that currency with these phases."""
    found = [*_offer_issues(attachment, currency)]
    keys = [phase.key for phase in phases]
    if attachment.from_phase_key not in keys:
        message = f"Name a phase of the plan, out of {', '.join(keys)}, instead of {attachment.from_phase_key!r}."
        return [*found, Issue("plan_addon_unknown_plan_phase_key", message, "$.fromPlanPhase")]
    later = phases[keys.index(attachment.from_phase_key) :]
    for index, card in enumerate(attachment.addon.cards):
        for phase in later:
            for ours in phase.cards:
                if ours.terms.key == card.terms.key:
                    whose = f"Rate card {card.terms.key!r} in phase {phase.key!r}: "
                    path = f"$.addon.rateCards[{index}]"
                    found += [issue.under(path, whose) for issue in overlap_issues(plan=ours, addon=card)]
    return found


def overlap_issues(*, plan: CardFacts, addon: CardFacts) -> Iterator[Issue]:
    """Yield why a rate card of an add-on cannot be put on the one of a plan that has its key."""
    ours, theirs = plan.terms, addon.terms
    if (plan.feature and plan.feature.key) != (addon.feature and addon.feature.key) or (
        ours.feature_id != theirs.feature_id
    ):
        yield Issue("rate_card_feature_key_mismatch", "Use the feature of the plan's rate card.", ".featureKey")
    if ours.billing_cadence != theirs.billing_cadence:
        message = f"Bill it every {ours.billing_cadence or 'time it is taken, once'}, like the plan's rate card."
        yield Issue("rate_card_billing_cadence_mismatch", message, ".billingCadence")
    elif ours.is_one_time_fee or theirs.is_one_time_fee:
        message = "Give it a key that the plan does not have: nothing can be added to what is billed once."
        yield Issue("rate_card_one_time_price_not_allowed", message, ".billingCadence")
    if ours.unit_config != theirs.unit_config:
        yield Issue("rate_card_unit_config_mismatch", "Use the unitConfig of the plan's rate card.", ".unitConfig")
    yield from _price_overlap(plan, addon)
    if ours.entitlement_template and theirs.entitlement_template:
        yield from _template_overlap(plan, addon)
    if _has_percentage(ours.discounts) or _has_percentage(theirs.discounts):
        message = "Give neither this nor the plan's rate card a discount in percent."
        yield Issue("rate_card_percentage_discount_not_allowed", message, ".discounts.percentage")


def _instance_issues(addon: AddonFacts) -> Iterator[Issue]:
    if addon.instance_type not in (SINGLE, MULTIPLE):
        message = f"Set instanceType to {SINGLE} or {MULTIPLE}."
        yield Issue("addon_invalid_instance_type", message, "$.instanceType", is_critical=True)
    if not addon.cards:
        yield Issue(_EMPTY, "Add at least one rate card before you publish the add-on.", "$.rateCards")
    for index, card in enumerate(addon.cards):
        if addon.instance_type == MULTIPLE and card.price_type not in (None, "flat"):
            message = f"Rate card {card.terms.key!r}: Use a flat price or none: the add-on is sold in any quantity."
            yield Issue("addon_invalid_ratecard_price_for_multi_instance", message, f"{_path(index)}.price")
        if addon.instance_type == MULTIPLE and card.terms.is_one_time_fee:
            message = f"Rate card {card.terms.key!r}: Bill it repeatedly, such as P1M, or make the add-on {SINGLE}."
            yield Issue("addon_one_time_price_for_multi_instance", message, f"{_path(index)}.billingCadence")


def _offer_issues(attachment: Attachment, currency: str) -> Iterator[Issue]:
    if not attachment.is_on_sale:
        message = f"Use a version of the add-on {attachment.addon.key!r} that is active."
        yield Issue("plan_addon_incompatible_status", message, "$.addon.status")
    if attachment.addon.currency != currency:
        message = f"Use an add-on in {currency} like the plan: {attachment.addon.key!r} is in another currency."
        yield Issue("plan_addon_currency_mismatch", message, "$.addon.currency")
    if attachment.max_quantity is None:
        return
    if attachment.addon.instance_type == SINGLE:
        message = "Leave maxQuantity out: a subscription takes this add-on once."
        yield Issue("plan_addon_max_quantity_must_not_be_set", message, "$.maxQuantity")
    elif attachment.max_quantity < 1:
        message = "Set maxQuantity to 1 or more, or leave it out for any number."
        yield Issue("plan_addon_max_quantity_must_be_set", message, "$.maxQuantity")


def _price_overlap(plan: CardFacts, addon: CardFacts) -> Iterator[Issue]:
    if plan.price_type is None or addon.price_type is None:
        return
    if (plan.price_type, addon.price_type) != ("flat", "flat"):
        code = (
            "rate_card_only_flat_price_allowed"
            if plan.price_type == addon.price_type
            else "rate_card_price_type_mismatch"
        )
        yield Issue(code, "Leave its price out, or price both this and the plan's rate card flat.", ".price")
        return
    ours, theirs = charge_of_card(plan), charge_of_card(addon)
    if ours is not None and theirs is not None and ours.payment_term != theirs.payment_term:
        message = f"Set paymentTerm to {ours.payment_term}, like the plan's rate card."
        yield Issue("rate_card_price_payment_term_mismatch", message, ".price.paymentTerm")


def _template_overlap(plan: CardFacts, addon: CardFacts) -> Iterator[Issue]:
    ours: Mapping[str, Any] = plan.terms.entitlement_template or {}
    theirs: Mapping[str, Any] = addon.terms.entitlement_template or {}
    field = ".entitlementTemplate"
    if ours["type"] != theirs["type"]:
        message = f"Make the entitlement {ours['type']}, like the plan's."
        yield Issue("rate_card_entitlement_template_type_mismatch", message, f"{field}.type")
    elif ours["type"] == STATIC:
        message = "Leave the entitlement out: two static ones cannot be added up."
        yield Issue("rate_card_static_entitlement_template_not_allowed", message, f"{field}.type")
    elif ours["type"] == METERED:
        wanted = usage_period_of(ours, plan.terms.billing_cadence)
        if usage_period_of(theirs, addon.terms.billing_cadence) != wanted:
            message = f"Set usagePeriod to {wanted}, like the plan's."
            code = "rate_card_metered_entitlement_template_usage_period_mismatch"
            yield Issue(code, message, f"{field}.usagePeriod")


def _has_percentage(discounts: Mapping[str, Any] | None) -> bool:
    return discounts is not None and discounts.get("percentage") is not None


def _path(index: int) -> str:
    return f"$.rateCards[{index}]"
