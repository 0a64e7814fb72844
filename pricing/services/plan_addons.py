"""Offer add-ons with a plan that is a draft: from which phase on, and how many at most."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet

from metering.errors import DomainError
from pricing.addon_rules import Attachment, attachment_issues
from pricing.issues import Issue
from pricing.models import Addon, Plan, PlanAddon, VersionStatus
from pricing.services.addons import addon_input_of, with_cards
from pricing.services.conflicts import refusing
from pricing.services.stored_plans import input_of, locked_draft
from pricing.services.versions import InvalidVersion, lock_versions


class InvalidPlanAddon(InvalidVersion):
    pass


class PlanAddonExists(DomainError):
    status = 409
    code = "plan_addon_exists"


@transaction.atomic
def attach_addon(
    *,
    plan_id: int,
    addon_id: int,
    from_phase_key: str,
    at: datetime,
    max_quantity: int | None = None,
    metadata: Mapping[str, str] | None = None,
) -> PlanAddon:
    """
    Offer an add-on with a draft of a plan.

    :raises PlanNotDraft: if the plan was published.
    :raises PlanAddonExists: if the plan has the add-on already.
    :raises InvalidPlanAddon: naming everything that does not fit.
    """
    plan = locked_draft(plan_id)
    attached = PlanAddon(
        plan=plan,
        addon=_locked_addon(addon_id),
        from_phase_key=from_phase_key,
        max_quantity=max_quantity,
        metadata=dict(metadata or {}),
        created_at=at,
        updated_at=at,
    )
    _refuse(attached, at)
    with refusing("one_plan_addon_per_addon", lambda: _exists(attached)):
        attached.save()
    return attached


@transaction.atomic
def change_plan_addon(*, plan_addon_id: int, at: datetime, **changes: Any) -> PlanAddon:
    """
    Change `from_phase_key`, `max_quantity` or `metadata` of what a draft offers.

    :raises PlanNotDraft: if the plan was published.
    :raises InvalidPlanAddon: naming everything that does not fit.
    """
    attached = _locked_attached(plan_addon_id)
    for name, value in changes.items():
        setattr(attached, name, value)
    _refuse(attached, at)
    attached.updated_at = at
    attached.save(update_fields=[*changes, "updated_at"])
    return attached


@transaction.atomic
def detach_addon(*, plan_addon_id: int) -> None:
    """
    Offer an add-on with a draft no more.

    :raises PlanNotDraft: if the plan was published.
    """
    _locked_attached(plan_addon_id).delete()


def plan_addon_issues(attached: PlanAddon, *, at: datetime) -> list[Issue]:
    """List what does not fit between a plan and an add-on that it offers, or would offer."""
    plan = input_of(attached.plan)
    return attachment_issues(_attachment(attached, at), currency=plan.currency, phases=plan.facts.phases)


def attached_issues(plan: Plan, *, at: datetime) -> list[Issue]:
    """List what does not fit between a plan and all add-ons that it offers; paths start at the plan."""
    offered = getattr(plan, "offered_addons", None)
    if offered is None:
        offered = list(_with_addons().filter(plan=plan))
    if not offered:
        return []
    given = input_of(plan)
    return [
        issue.under(f"$.addons[{index}]", f"Add-on {attached.addon.key!r}: ")
        for index, attached in enumerate(offered)
        for issue in _without_root(
            attachment_issues(_attachment(attached, at), currency=given.currency, phases=given.facts.phases)
        )
    ]


def with_offers() -> Prefetch:
    """Return what to prefetch, so that `attached_issues` asks nothing more."""
    return Prefetch("plan_addons", _with_addons(), "offered_addons")


def _with_addons() -> QuerySet[PlanAddon]:
    return PlanAddon.objects.select_related("addon").prefetch_related(with_cards("addon__")).order_by("pk")


def _without_root(issues: list[Issue]) -> list[Issue]:
    return [Issue(issue.code, issue.message, issue.field.removeprefix("$"), issue.is_critical) for issue in issues]


def _attachment(attached: PlanAddon, at: datetime) -> Attachment:
    addon = attached.addon
    is_active = addon.status(at) == VersionStatus.ACTIVE
    return Attachment(
        addon=addon_input_of(addon).facts,
        is_on_sale=is_active and addon.effective_to is None and addon.deleted_at is None,
        from_phase_key=attached.from_phase_key,
        max_quantity=attached.max_quantity,
    )


def _locked_addon(addon_id: int) -> Addon:
    # Whoever archives it waits, and then finds it offered.
    addon = Addon.objects.get(pk=addon_id)
    lock_versions(Addon, addon.key)
    return Addon.objects.get(pk=addon_id)


def _locked_attached(plan_addon_id: int) -> PlanAddon:
    attached = PlanAddon.objects.select_related("addon").get(pk=plan_addon_id)
    attached.plan = locked_draft(attached.plan_id)
    return attached


def _refuse(attached: PlanAddon, at: datetime) -> None:
    issues = plan_addon_issues(attached, at=at)
    if issues:
        raise InvalidPlanAddon(issues)


def _exists(attached: PlanAddon) -> PlanAddonExists:
    return PlanAddonExists(f"Change how {attached.plan} offers {attached.addon} instead: it does so already.")
