"""Pure: the rows of phases and items that follow from a contract."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pricing.contract import Contract, phase_ends
from pricing.terms import Terms

MINIMUM_KEY = "minimum_commitment"


@dataclass(frozen=True)
class PlannedPhase:
    """A row of a phase as it should be."""

    key: str
    name: str
    description: str
    metadata: Mapping[str, Any]
    position: int
    active_from: datetime
    active_to: datetime | None


@dataclass(frozen=True)
class PlannedItem:
    """A row of an item as it should be; `phase_key` None is the contract's minimum."""

    phase_key: str | None
    terms: Terms
    position: int
    active_from: datetime
    active_to: datetime | None


@dataclass(frozen=True)
class Schedule:
    """All rows that follow from a contract, in order."""

    phases: tuple[PlannedPhase, ...] = ()
    items: tuple[PlannedItem, ...] = ()


def schedule(contract: Contract, *, billing_cadence: str) -> Schedule:
    """List the rows that follow from a contract; the minimum repeats with the billing period."""
    items = [*planned_items(contract), *_planned_minimum(contract, billing_cadence)]
    return Schedule(tuple(planned_phases(contract)), tuple(items))


def planned_phases(contract: Contract) -> Iterator[PlannedPhase]:
    """Yield the phases that have any length within the contract, in order."""
    for position, (phase, end) in enumerate(phase_ends(contract)):
        active_to = _earlier(end, contract.active_to)
        if active_to is None or phase.starts_at < active_to:
            yield PlannedPhase(
                phase.key, phase.name, phase.description, phase.metadata, position, phase.starts_at, active_to
            )


def planned_items(contract: Contract) -> Iterator[PlannedItem]:
    """
    Yield the items that have any length within their phase and the contract; the minimum is not among them.

    Versions of one key share a position, so that an edit of one item moves no other.
    """
    for phase, end in phase_ends(contract):
        positions: dict[str, int] = {}
        for version in phase.items:
            position = positions.setdefault(version.terms.key, len(positions))
            active_from = max(version.active_from or phase.starts_at, phase.starts_at)
            active_to = _earlier(_earlier(version.active_to, end), contract.active_to)
            if active_to is None or active_from < active_to:
                yield PlannedItem(phase.key, version.terms, position, active_from, active_to)


def _planned_minimum(contract: Contract, billing_cadence: str) -> Iterator[PlannedItem]:
    if contract.minimum_amount:
        terms = Terms(
            type="flat_fee",
            key=MINIMUM_KEY,
            name="Minimum",
            billing_cadence=billing_cadence,
            price={"type": "minimum", "amount": f"{contract.minimum_amount:f}"},
            prorate_commitments=contract.prorate_minimum,
        )
        yield PlannedItem(None, terms, 0, contract.active_from, contract.active_to)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
