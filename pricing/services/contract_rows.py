"""Keep the rows of phases and items equal to what a contract says."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import connection, transaction

from pricing.contract import Contract, PlannedItem, planned_items, planned_phases
from pricing.models import Subscription, SubscriptionItem, SubscriptionPhase


@transaction.atomic
def write_rows(*, subscription: Subscription, contract: Contract, at: datetime) -> None:
    """
    Make the rows of a subscription's phases and items those of a contract with its add-ons; the caller holds its row.

    A row that stays what it is keeps its id. One that was never active goes; one that has begun is never removed, since
    it may be billed: it ends at its start instead. That no feature is billed twice is checked at the end.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS one_billable_item_per_feature_and_customer DEFERRED")
        phases = _write_phases(subscription, contract, at)
        _write_items(subscription, list(planned_items(contract)), phases, at)
        _drop_phases(subscription, phases)
        cursor.execute("SET CONSTRAINTS one_billable_item_per_feature_and_customer IMMEDIATE")


def _write_phases(subscription: Subscription, contract: Contract, at: datetime) -> dict[str, SubscriptionPhase]:
    stored = {phase.key: phase for phase in subscription.phases.all()}
    written = {}
    for planned in planned_phases(contract):
        phase = stored.get(planned.key) or SubscriptionPhase(
            subscription=subscription, key=planned.key, created_at=at, updated_at=at
        )
        values = {
            "name": planned.name,
            "description": planned.description,
            "metadata": dict(planned.metadata),
            "position": planned.position,
            "active_from": planned.active_from,
            "active_to": planned.active_to,
        }
        if phase.pk is None or any(getattr(phase, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(phase, name, value)
            phase.updated_at = at
            phase.save()
        written[phase.key] = phase
    return written


def _write_items(
    subscription: Subscription, planned: Sequence[PlannedItem], phases: dict[str, SubscriptionPhase], at: datetime
) -> None:
    unused = list(subscription.items.select_related("phase").order_by("pk"))
    missing = []
    for plan in planned:
        row = next((row for row in unused if _is_same(row, plan)), None)
        if row is None:
            missing.append(plan)
        else:
            unused.remove(row)
            _keep(row, plan, at)
    _take_back(unused, at)
    SubscriptionItem.objects.bulk_create(_new_rows(subscription, missing, phases, at))


def _is_same(row: SubscriptionItem, plan: PlannedItem) -> bool:
    phase_key = row.phase.key if row.phase else None
    is_real = row.active_to is None or row.active_from < row.active_to
    return is_real and (phase_key, row.active_from, row.terms) == (plan.phase_key, plan.active_from, plan.terms)


def _keep(row: SubscriptionItem, plan: PlannedItem, at: datetime) -> None:
    if (row.active_to, row.position) != (plan.active_to, plan.position):
        row.active_to, row.position, row.updated_at = plan.active_to, plan.position, at
        row.save(update_fields=["active_to", "position", "updated_at"])


def _take_back(rows: Sequence[SubscriptionItem], at: datetime) -> None:
    for row in rows:
        if row.active_from > at:
            row.delete()
        elif row.active_to != row.active_from:
            row.active_to, row.updated_at = row.active_from, at
            row.save(update_fields=["active_to", "updated_at"])


def _new_rows(
    subscription: Subscription, planned: Sequence[PlannedItem], phases: dict[str, SubscriptionPhase], at: datetime
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


def _drop_phases(subscription: Subscription, kept: dict[str, SubscriptionPhase]) -> None:
    subscription.phases.exclude(key__in=kept).filter(items=None).delete()
