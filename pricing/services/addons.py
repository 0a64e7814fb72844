"""Draft, change and publish add-ons. A published add-on never changes: the next version is a new draft."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Prefetch

from metering.errors import DomainError
from pricing.addon_rules import AddonFacts, addon_draft_issues, addon_issues
from pricing.issues import Issue
from pricing.models import Addon, AddonRateCard
from pricing.services.plan_inputs import RateCardInput, card_facts, cards_with_features
from pricing.services.versions import (
    InvalidVersion,
    archive_version,
    delete_version,
    lock_versions,
    locked_version,
    next_version,
    one_draft,
    put_in_force,
)

_COLUMNS = ("name", "description", "currency", "instance_type")


class InvalidAddon(InvalidVersion):
    pass


class AddonDraftExists(DomainError):
    code = "addon_draft_exists"

    def __init__(self, key: str) -> None:
        super().__init__(f"Change or publish the draft of the add-on {key!r} first: an add-on has one at a time.")


class AddonNotDraft(DomainError):
    code = "addon_not_draft"


@dataclass(frozen=True)
class AddonInput:
    """An add-on as it is given."""

    key: str
    name: str
    currency: str
    rate_cards: Sequence[RateCardInput]
    instance_type: str = "single"
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> AddonFacts:
        """Return what the rules look at; features have to be found before."""
        cards = [card_facts(card) for card in self.rate_cards]
        return AddonFacts(self.key, self.name, self.currency, self.instance_type, cards)


@transaction.atomic
def create_addon(
    *,
    key: str,
    name: str,
    currency: str,
    at: datetime,
    rate_cards: Sequence[RateCardInput],
    may_be_unfinished: bool = False,
    **others: Any,
) -> Addon:
    """
    Draft the next version of an add-on; `others` are further members of `AddonInput`.

    One that `may_be_unfinished` may break rules that are checked again when it is published.

    :raises InvalidAddon: naming everything that cannot be.
    :raises AddonDraftExists: if this add-on has a draft already.
    """
    cards = cards_with_features(rate_cards)
    given = AddonInput(key=key, name=name, currency=currency, rate_cards=cards, **others)
    _refuse(addon_draft_issues(given.facts, may_be_unfinished=may_be_unfinished))
    lock_versions(Addon, key)
    with one_draft("addon", lambda: AddonDraftExists(key)):
        addon = Addon.objects.create(
            key=key,
            version=next_version(Addon, key),
            metadata=dict(given.metadata),
            created_at=at,
            updated_at=at,
            **{column: getattr(given, column) for column in _COLUMNS},
        )
    _write_cards(addon, given.rate_cards)
    return addon


@transaction.atomic
def change_addon_draft(*, addon_id: int, at: datetime, may_be_unfinished: bool = False, **changes: Any) -> Addon:
    """
    Change what is given of a draft, by members of `AddonInput`; rate cards are replaced as a whole.

    :raises AddonNotDraft: if the add-on was published.
    :raises InvalidAddon: naming everything that cannot be.
    """
    addon = _locked_draft(addon_id)
    given = replace(addon_input_of(addon), **changes)
    if "rate_cards" in changes:
        given = replace(given, rate_cards=cards_with_features(given.rate_cards))
    _refuse(addon_draft_issues(given.facts, may_be_unfinished=may_be_unfinished))
    for column in _COLUMNS:
        setattr(addon, column, getattr(given, column))
    addon.metadata = dict(given.metadata)
    addon.updated_at = at
    addon.save()
    if "rate_cards" in changes:
        addon.rate_cards.all().delete()
        _write_cards(addon, given.rate_cards)
    return addon


@transaction.atomic
def publish_addon(*, addon_id: int, at: datetime) -> Addon:
    """
    Put a draft on sale, and archive the version before at the same instant.

    :raises AddonNotDraft: if the add-on was published before.
    :raises InvalidAddon: naming everything that has to change first.
    :raises PublishedLater: if another version took effect at this instant or after it.
    """
    addon = _locked_draft(addon_id)
    _refuse(addon_issues(addon_input_of(addon).facts))
    put_in_force(addon, at=at)
    return addon


@transaction.atomic
def archive_addon(*, addon_id: int, at: datetime) -> Addon:
    """
    Take an add-on out of sale; subscriptions keep it.

    :raises NotActive: if it is not on sale.
    """
    addon = locked_version(Addon, addon_id)
    archive_version(addon, at=at)
    return addon


@transaction.atomic
def delete_addon(*, addon_id: int, at: datetime) -> None:
    """
    Delete an add-on that is not on sale; once more changes nothing.

    :raises StillActive: if it is on sale.
    """
    delete_version(locked_version(Addon, addon_id), at=at)


@transaction.atomic
def next_addon(*, addon_id: int, at: datetime) -> Addon:
    """
    Draft the next version with everything that this one has.

    :raises AddonDraftExists: if the add-on has a draft already.
    """
    given = addon_input_of(Addon.objects.get(pk=addon_id))
    return create_addon(at=at, may_be_unfinished=True, **{name: getattr(given, name) for name in vars(given)})


def addon_input_of(addon: Addon) -> AddonInput:
    """Return a stored add-on as it would be given again."""
    return AddonInput(
        key=addon.key,
        metadata=addon.metadata,
        rate_cards=[RateCardInput.of(card.terms, card.feature) for card in cards_of(addon)],
        **{column: getattr(addon, column) for column in _COLUMNS},
    )


def with_cards(prefix: str = "") -> Prefetch:
    """Return what to prefetch, so that `addon_input_of` asks nothing more; `prefix` leads to the add-on."""
    cards = AddonRateCard.objects.order_by("position", "pk").select_related("feature__meter")
    return Prefetch(f"{prefix}rate_cards", cards, "ordered_cards")


def cards_of(addon: Addon) -> list[AddonRateCard]:
    """Return the rate cards in order, with their features."""
    if not hasattr(addon, "ordered_cards"):
        addon = Addon.objects.prefetch_related(with_cards()).get(pk=addon.pk)
    found: list[AddonRateCard] = addon.ordered_cards  # type: ignore[attr-defined]
    return found


def _locked_draft(addon_id: int) -> Addon:
    addon = locked_version(Addon, addon_id)
    if addon.effective_from is not None or addon.deleted_at is not None:
        word = "published" if addon.effective_from else "deleted"
        raise AddonNotDraft(f"Make a new version of {addon}: it is {word} and cannot change.")
    return addon


def _write_cards(addon: Addon, cards: Sequence[RateCardInput]) -> None:
    AddonRateCard.objects.bulk_create(
        AddonRateCard(addon=addon, position=position, **AddonRateCard.columns_of(card.terms))
        for position, card in enumerate(cards)
    )


def _refuse(issues: Sequence[Issue]) -> None:
    if issues:
        raise InvalidAddon(issues)
