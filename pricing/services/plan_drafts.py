"""Save a draft of a plan together with the add-ons that it offers, all or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from pricing.issues import Issue
from pricing.models import Addon, Plan, PlanAddon
from pricing.services.plan_addons import PlanAddonExists, attach_addon, change_plan_addon, detach_addon
from pricing.services.plans import change_draft, create_plan
from pricing.services.versions import InvalidVersion


@dataclass(frozen=True)
class Offer:
    """An add-on that a plan offers: from which phase on, and how many at most."""

    addon_id: int
    from_phase_key: str
    max_quantity: int | None = None

    @classmethod
    def of(cls, offer: PlanAddon) -> "Offer":
        """Return a stored offer as it would be given again."""
        return cls(offer.addon_id, offer.from_phase_key, offer.max_quantity)


class InvalidOffer(InvalidVersion):
    """Its paths start at the plan: `$.addons[0].maxQuantity`."""


@transaction.atomic
def create_offered_plan(*, at: datetime, offers: Sequence[Offer] = (), **given: Any) -> Plan:
    """
    Draft a plan by what `create_plan` takes, and offer add-ons with it.

    :raises InvalidPlan: naming everything that cannot be.
    :raises DraftExists: if this plan has a draft already.
    :raises InvalidOffer: naming what does not fit of the first add-on that does not.
    """
    plan = create_plan(at=at, **given)
    _write_offers(plan, offers, at)
    return plan


@transaction.atomic
def change_offered_plan(*, plan_id: int, at: datetime, offers: Sequence[Offer] | None = None, **changes: Any) -> Plan:
    """
    Change what is given of a draft, by what `change_draft` takes; add-ons that it shall not offer any more are removed.

    :raises PlanNotDraft: if the plan was published.
    :raises InvalidPlan: naming everything that cannot be.
    :raises InvalidOffer: naming what does not fit of the first add-on that does not.
    """
    plan = change_draft(plan_id=plan_id, at=at, **changes)
    if offers is not None:
        _write_offers(plan, offers, at)
    return plan


def _write_offers(plan: Plan, offers: Sequence[Offer], at: datetime) -> None:
    stored = {offer.addon_id: offer for offer in plan.plan_addons.order_by("pk")}
    for addon_id in stored.keys() - {offer.addon_id for offer in offers}:
        detach_addon(plan_addon_id=stored[addon_id].pk)
    seen: set[int] = set()
    for number, offer in enumerate(offers):
        path = f"$.addons[{number}]"
        if offer.addon_id in seen:
            addon = Addon.objects.get(pk=offer.addon_id)
            raise InvalidOffer([Issue(PlanAddonExists.code, f"Offer {addon} once.", path)])
        seen.add(offer.addon_id)
        try:
            _write_offer(plan, offer, stored.get(offer.addon_id), at)
        except InvalidVersion as refusal:
            raise InvalidOffer([_under(path, issue) for issue in _issues(refusal)]) from refusal


def _write_offer(plan: Plan, offer: Offer, stored: PlanAddon | None, at: datetime) -> None:
    values = {"from_phase_key": offer.from_phase_key, "max_quantity": offer.max_quantity}
    if stored is None:
        attach_addon(plan_id=plan.pk, addon_id=offer.addon_id, at=at, **values)  # type: ignore[arg-type]
    elif Offer.of(stored) != offer:
        change_plan_addon(plan_addon_id=stored.pk, at=at, **values)


def _issues(refusal: InvalidVersion) -> list[Issue]:
    found = refusal.extensions["validationErrors"]
    assert isinstance(found, list)
    return [Issue(**issue) for issue in found]


def _under(path: str, issue: Issue) -> Issue:
    return replace(issue, field=path + issue.field.removeprefix("$"))
