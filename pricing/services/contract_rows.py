"""Keep the rows of phases and items equal to what a contract says."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction

from pricing.models import Subscription, SubscriptionItem, SubscriptionPhase
from pricing.schedule import PlannedItem, PlannedPhase, Schedule

_PHASE_COLUMNS = ("name", "description", "metadata", "position", "active_from", "active_to")


@transaction.atomic
def write_rows(*, subscription: Subscription, schedule: Schedule, at: datetime) -> None:
    """
    Make the rows of a subscription's phases and items those of a schedule; the caller holds its row.

    A row that stays what it is keeps its id. One that was never active goes; one that has begun is never removed, since
    it may be billed: it ends at its start instead. That no feature is billed twice is checked at the end.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS one_billable_item_per_feature_and_customer DEFERRED")
        stored = {phase.key: phase for phase in subscription.phases.all()}
        phases = {planned.key: _write_phase(subscription, stored, planned, at) for planned in schedule.phases}
        _write_items(subscription, schedule.items, phases, at)
        _take_back_phases([phase for key, phase in stored.items() if key not in phases], at)
        cursor.execute("SET CONSTRAINTS one_billable_item_per_feature_and_customer IMMEDIATE")


def _write_phase(
    subscription: Subscription, stored: Mapping[str, SubscriptionPhase], planned: PlannedPhase, at: datetime
) -> SubscriptionPhase:
    new = SubscriptionPhase(subscription=subscription, key=planned.key, created_at=at)
    phase = stored.get(planned.key, new)
    changed = [name for name in _PHASE_COLUMNS if getattr(phase, name) != getattr(planned, name)]
    if changed or phase is new:
        for name in changed:
            setattr(phase, name, getattr(planned, name))
        phase.updated_at = at
        phase.save()
    return phase


def _write_items(
    subscription: Subscription, planned: Sequence[PlannedItem], phases: Mapping[str, SubscriptionPhase], at: datetime
) -> None:
    unused = list(subscription.items.select_related("phase").order_by("pk"))
    kept: list[tuple[SubscriptionItem, PlannedItem]] = []
    missing = []
    for plan in planned:
        row = next((row for row in unused if _is_same(row, plan)), None)
        if row is None:
            missing.append(plan)
        else:
            unused.remove(row)
            kept.append((row, plan))
    _take_back(unused, at)
    _keep(kept, at)
    SubscriptionItem.objects.bulk_create(_new_rows(subscription, missing, phases, at))


def _is_same(row: SubscriptionItem, plan: PlannedItem) -> bool:
    phase_key = row.phase.key if row.phase else None
    return (phase_key, row.active_from, row.terms) == (plan.phase_key, plan.active_from, plan.terms)


def _keep(kept: Sequence[tuple[SubscriptionItem, PlannedItem]], at: datetime) -> None:
    changed = []
    for row, plan in kept:
        if (row.active_to, row.position) != (plan.active_to, plan.position):
            row.active_to, row.position, row.updated_at = plan.active_to, plan.position, at
            changed.append(row)
    SubscriptionItem.objects.bulk_update(changed, ["active_to", "position", "updated_at"])


def _take_back(rows: Sequence[SubscriptionItem], at: datetime) -> None:
    SubscriptionItem.objects.filter(pk__in=[row.pk for row in rows if row.active_from > at]).delete()
    begun = [row for row in rows if row.active_from <= at and row.active_to != row.active_from]
    for row in begun:
        row.active_to, row.updated_at = row.active_from, at
    SubscriptionItem.objects.bulk_update(begun, ["active_to", "updated_at"])


def _take_back_phases(phases: Sequence[SubscriptionPhase], at: datetime) -> None:
    # One whose items have begun stays with them, without length.
    for phase in phases:
        if not phase.items.exists():
            phase.delete()
        elif phase.active_to != phase.active_from:
            phase.active_to, phase.updated_at = phase.active_from, at
            phase.save(update_fields=["active_to", "updated_at"])


def _new_rows(
    subscription: Subscription, planned: Sequence[PlannedItem], phases: Mapping[str, SubscriptionPhase], at: datetime
) -> Iterator[SubscriptionItem]:
    for plan in planned:
        yield SubscriptionItem(
            **SubscriptionItem.columns_of(plan.terms),
            subscription=subscription,
            customer_id=subscription.customer_id,
            phase=phases[plan.phase_key] if plan.phase_key else None,
            position=plan.position,
            active_from=plan.active_from,
            active_to=plan.active_to,
            created_at=at,
            updated_at=at,
        )
