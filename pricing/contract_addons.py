"""Pure: a contract with the add-ons that were taken. The stored one has none, so that removing them restores it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from metering.errors import DomainError
from pricing.contract import Contract, ItemVersion, Phase, phase_ends
from pricing.terms import JsonObject, Terms


class AddonConflict(DomainError):
    status = 409
    code = "subscription_addon_conflict"


@dataclass(frozen=True)
class AddonSpan:
    """How many of an add-on are taken from a time until another; `active_to` None is open."""

    active_from: datetime
    active_to: datetime | None
    quantity: int


@dataclass(frozen=True)
class TakenAddon:
    """An add-on's rate cards, and how many of it are taken when."""

    name: str
    terms: tuple[Terms, ...]
    spans: tuple[AddonSpan, ...]

    def quantity_at(self, at: datetime) -> int:
        """Return how many are taken at a time."""
        return sum(span.quantity for span in self.spans if _holds(span.active_from, span.active_to, at))

    def card(self, key: str) -> Terms | None:
        """Return the rate card of a key, None if there is none."""
        return next((terms for terms in self.terms if terms.key == key), None)


def spans_of(quantities: Sequence[tuple[datetime, int]]) -> tuple[AddonSpan, ...]:
    """Return quantities, each of which holds until the next one says otherwise, as spans; none is left out."""
    ordered = sorted(quantities)
    ends: list[datetime | None] = [start for start, _ in ordered[1:]]
    spans = zip(ordered, [*ends, None], strict=False)  # where there is no quantity there is no end either
    return tuple(AddonSpan(start, end, quantity) for (start, quantity), end in spans if quantity)


def with_addons(contract: Contract, addons: Sequence[TakenAddon]) -> Contract:
    """
    Return a contract with what its add-ons add, once per unit of quantity, while they are taken.

    An item is split where that changes; an add-on's rate card without a counterpart is an item of its own. What is
    billed once is there once: where the add-on is first taken, within that phase.

    :raises AddonConflict: if an add-on and an item of one key do not go together.
    """
    if not any(addon.spans for addon in addons):
        return contract
    parts = [part for addon in addons for part in _by_billing(addon, contract)]
    phases = (replace(phase, items=tuple(_items(phase, end, parts))) for phase, end in phase_ends(contract))
    return replace(contract, phases=tuple(phases))


def _by_billing(addon: TakenAddon, contract: Contract) -> Iterator[TakenAddon]:
    """Yield an add-on's rate cards that are billed repeatedly, then those billed once with the time they are there."""
    yield replace(addon, terms=tuple(terms for terms in addon.terms if not terms.is_one_time_fee))
    once = tuple(terms for terms in addon.terms if terms.is_one_time_fee)
    if once and addon.spans:
        yield replace(addon, terms=once, spans=(_first_taken(addon.spans, contract),))


def _first_taken(spans: Sequence[AddonSpan], contract: Contract) -> AddonSpan:
    first = spans[0]
    end = first.active_to
    for span in spans[1:]:
        if span.active_from == end:
            end = span.active_to
    phase_end = next(time for _, time in phase_ends(contract) if time is None or first.active_from < time)
    return replace(first, active_to=min((time for time in (end, phase_end) if time is not None), default=None))


def _items(phase: Phase, end: datetime | None, addons: Sequence[TakenAddon]) -> Iterator[ItemVersion]:
    own = dict.fromkeys(version.terms.key for version in phase.items)
    added = dict.fromkeys(terms.key for addon in addons for terms in addon.terms)
    for key in own | added:
        versions = [version for version in phase.items if version.terms.key == key]
        taken = [addon for addon in addons if addon.card(key)]
        yield from _split(key, versions, taken, phase.starts_at, end) if taken else versions


def _split(
    key: str, versions: Sequence[ItemVersion], addons: Sequence[TakenAddon], start: datetime, end: datetime | None
) -> Iterator[ItemVersion]:
    last: tuple[ItemVersion | None, ItemVersion] | None = None
    for piece_start, piece_end in _pieces(versions, addons, start, end):
        base = next((version for version in versions if _covers(version, start, piece_start)), None)
        terms = _combined(key, base, addons, piece_start)
        if last and (terms is None or last[0] is not base or last[1].terms != terms):
            yield last[1]
            last = None
        if terms is not None:
            version = replace(last[1], active_to=piece_end) if last else ItemVersion(terms, piece_start, piece_end)
            last = (base, version)
    if last:
        yield last[1]


def _pieces(
    versions: Sequence[ItemVersion], addons: Sequence[TakenAddon], start: datetime, end: datetime | None
) -> Iterator[tuple[datetime, datetime | None]]:
    times = {time for version in versions for time in (version.active_from, version.active_to)}
    times |= {time for addon in addons for span in addon.spans for time in (span.active_from, span.active_to)}
    inside = sorted(time for time in times if time is not None and time > start and (end is None or time < end))
    yield from zip([start, *inside], [*inside, end], strict=True)


def _combined(key: str, base: ItemVersion | None, addons: Sequence[TakenAddon], at: datetime) -> Terms | None:
    terms = base.terms if base else None
    for addon in addons:
        card, quantity = addon.card(key), addon.quantity_at(at)
        if card is not None and quantity:
            card = _times(card, quantity)
            terms = card if terms is None else _plus(terms, card, addon.name)
    return terms


def _times(card: Terms, quantity: int) -> Terms:
    price, template, discounts = card.price, card.entitlement_template, card.discounts
    if price and price["type"] == "flat":
        price = {**price, "amount": _product(price["amount"], quantity)}
    if template and "issueAfterReset" in template:
        template = {**template, "issueAfterReset": _product(template["issueAfterReset"], quantity)}
    if discounts and "usage" in discounts:
        discounts = {**discounts, "usage": {"quantity": _product(discounts["usage"]["quantity"], quantity)}}
    return replace(card, price=price, entitlement_template=template, discounts=discounts)


def _covers(version: ItemVersion, start: datetime, at: datetime) -> bool:
    return _holds(version.active_from or start, version.active_to, at)


def _holds(start: datetime, end: datetime | None, at: datetime) -> bool:
    return start <= at and (end is None or at < end)


def _plus(terms: Terms, card: Terms, addon: str) -> Terms:
    if terms.feature_id != card.feature_id or terms.billing_cadence != card.billing_cadence:
        raise _conflict(terms, addon, "another feature or billing cadence")
    if terms.is_one_time_fee or card.is_one_time_fee:
        raise _conflict(terms, addon, "a rate card of that key, and what is billed once does not add up")
    added = replace(
        terms,
        entitlement_template=_entitlement(terms, card, addon),
        discounts=_discounts(terms, card, addon),
    )
    if card.price is None:
        return added
    if terms.price is None:
        return replace(
            added,
            type=card.type,
            price=card.price,
            unit_config=card.unit_config,
            prorate_commitments=card.prorate_commitments,
        )
    return replace(added, price=_price(terms, card, addon))


def _price(terms: Terms, card: Terms, addon: str) -> JsonObject:
    one, other = terms.price or {}, card.price or {}
    if (one["type"], other["type"]) != ("flat", "flat") or _term(one) != _term(other):
        raise _conflict(terms, addon, "a price that does not add up with it")
    return {**one, "amount": _sum(one["amount"], other["amount"])}


def _term(price: JsonObject) -> Any:
    return price.get("paymentTerm", "in_advance")


def _entitlement(terms: Terms, card: Terms, addon: str) -> JsonObject | None:
    one, other = terms.entitlement_template, card.entitlement_template
    if one is None or other is None:
        return other if one is None else one
    if one["type"] != other["type"] or one["type"] == "static":
        raise _conflict(terms, addon, "an entitlement that does not add up with it")
    if one["type"] == "metered":
        if one.get("usagePeriod") != other.get("usagePeriod"):
            raise _conflict(terms, addon, "an entitlement over another period")
        issued = [template["issueAfterReset"] for template in (one, other) if "issueAfterReset" in template]
        return {**one, "issueAfterReset": _sum(*issued)} if issued else one
    return one


def _discounts(terms: Terms, card: Terms, addon: str) -> JsonObject | None:
    one, other = terms.discounts or {}, card.discounts or {}
    if not other:
        return terms.discounts
    if "percentage" in one or "percentage" in other:
        raise _conflict(terms, addon, "a percentage discount")
    quantities = [discounts["usage"]["quantity"] for discounts in (one, other) if "usage" in discounts]
    return {**one, "usage": {"quantity": _sum(*quantities)}} if quantities else terms.discounts


def _sum(*numbers: Any) -> str:
    return f"{sum((Decimal(str(number)) for number in numbers), Decimal(0)):f}"


def _product(number: Any, quantity: int) -> str:
    return f"{Decimal(str(number)) * quantity:f}"


def _conflict(terms: Terms, addon: str, what: str) -> AddonConflict:
    return AddonConflict(f"Remove {terms.key} from the subscription first: the add-on {addon} has {what}.")
