"""What plans and add-ons are given as, and the plain facts that the rules look at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.db.models import F

from metering.models import Aggregation
from pricing.models import Feature
from pricing.normal_terms import normal_terms
from pricing.plan_rules import PhaseFacts, PlanFacts
from pricing.rate_card_rules import CardFacts, FeatureFacts
from pricing.terms import JsonObject, Terms


@dataclass(frozen=True)
class RateCardInput:
    """
    One rate card as it is given: JSON in OpenMeter's shapes, the key that of the feature if it has one.

    The feature may be named by `feature_key` alone. `billing_cadence` None bills once, `price` None gives access alone.
    """

    type: str
    key: str
    name: str
    price: JsonObject | None = None
    feature: Feature | None = None
    billing_cadence: str | None = "P1M"
    description: str = ""
    discounts: JsonObject | None = None
    unit_config: JsonObject | None = None
    prorate_commitments: bool = False
    entitlement_template: JsonObject | None = None
    tax_config: JsonObject | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    feature_key: str = ""

    @property
    def terms(self) -> Terms:
        """Return the card as it is stored, in the normal form of its JSON."""
        return normal_terms(
            Terms(
                type=self.type,
                key=self.key,
                name=self.name,
                description=self.description,
                feature_id=self.feature.pk if self.feature else None,
                billing_cadence=self.billing_cadence or None,
                price=self.price,
                discounts=self.discounts,
                unit_config=self.unit_config,
                prorate_commitments=self.prorate_commitments,
                entitlement_template=self.entitlement_template,
                tax_config=self.tax_config,
                metadata=dict(self.metadata),
            )
        )

    @classmethod
    def of(cls, terms: Terms, feature: Feature | None) -> "RateCardInput":
        """Return stored terms as they would be given again."""
        given = {name: getattr(terms, name) for name in Terms.__dataclass_fields__ if name != "feature_id"}
        return cls(**given, feature=feature)


@dataclass(frozen=True)
class PhaseInput:
    """One phase as it is given; `duration` is an ISO 8601 duration, None for the last phase."""

    rate_cards: Sequence[RateCardInput] = ()
    key: str = "default"
    name: str = "Default"
    duration: str | None = None
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanInput:
    """A plan as it is given; a custom plan of one customer has no key."""

    name: str
    currency: str
    phases: Sequence[PhaseInput]
    billing_cadence: str = "P1M"
    key: str | None = None
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    is_prorating: bool = True
    settlement_mode: str = "credit_then_invoice"
    minimum_amount: Decimal | None = None
    prorate_minimum: bool = False
    carries_usage: bool = True

    @property
    def facts(self) -> PlanFacts:
        """Return what the rules look at; features have to be found before."""
        return PlanFacts(
            key=self.key,
            name=self.name,
            currency=self.currency,
            billing_cadence=self.billing_cadence,
            settlement_mode=self.settlement_mode,
            minimum_amount=self.minimum_amount,
            phases=[phase_facts(phase) for phase in self.phases],
        )


def with_features(phases: Sequence[PhaseInput]) -> list[PhaseInput]:
    """Return phases in which each feature that is named by its key is the one on sale, else the newest of that key."""
    found = _features(card.feature_key for phase in phases for card in phase.rate_cards if card.feature is None)
    return [replace(phase, rate_cards=_found(phase.rate_cards, found)) for phase in phases]


def cards_with_features(cards: Sequence[RateCardInput]) -> list[RateCardInput]:
    """Return rate cards whose features are found as `with_features` finds them."""
    return _found(cards, _features(card.feature_key for card in cards if card.feature is None))


def card_facts(card: RateCardInput) -> CardFacts:
    """Return what the rules look at of a rate card as it is given."""
    named = card.feature.key if card.feature else card.feature_key
    return CardFacts(card.terms, _feature_facts(card), feature_key=named)


def phase_facts(phase: PhaseInput) -> PhaseFacts:
    """Return what the rules look at of a phase as it is given."""
    return PhaseFacts(phase.key, phase.name, phase.duration or None, [card_facts(card) for card in phase.rate_cards])


def _feature_facts(card: RateCardInput) -> FeatureFacts | None:
    feature = card.feature
    if feature is None:
        return None
    is_matrix = card.price is not None and card.price.get("type") == "matrix"
    return FeatureFacts(
        key=feature.key,
        has_meter=feature.meter_id is not None,
        is_archived=feature.archived_at is not None,
        groups=_groups(feature) if is_matrix else (),
        is_additive=not is_matrix or feature.meter is None or Aggregation(feature.meter.aggregation).is_additive,
    )


def _groups(feature: Feature) -> tuple[str, ...]:
    # Only prices by group ask for them: each meter costs a query.
    return tuple(feature.meter.current_version.group_keys) if feature.meter else ()


def _features(keys: Iterable[str]) -> dict[str, Feature]:
    wanted = {key for key in keys if key}
    found = Feature.objects.filter(key__in=wanted).select_related("meter")
    # The one on sale comes last, and so wins; else the one that was archived last.
    return {feature.key: feature for feature in found.order_by(F("archived_at").asc(nulls_last=True))}


def _found(cards: Iterable[RateCardInput], features: Mapping[str, Feature]) -> list[RateCardInput]:
    return [
        card if card.feature else replace(card, feature=features.get(card.feature_key)) if card.feature_key else card
        for card in cards
    ]
