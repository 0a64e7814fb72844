"""Pure: what was agreed with a customer, phase by phase, and the rows of items that follow from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from pricing.terms import Terms


@dataclass(frozen=True)
class ItemVersion:
    """
    One rate card within a phase, and for how long.

    `active_from` None is the phase's start and `active_to` None its end, so that a version moves with its phase.
    Versions of one key follow each other in the order they are listed, and never overlap.
    """

    terms: Terms
    active_from: datetime | None = None
    active_to: datetime | None = None


@dataclass(frozen=True)
class Phase:
    """A phase from `starts_at` until the next one starts, or the contract ends."""

    key: str
    name: str
    starts_at: datetime
    items: tuple[ItemVersion, ...] = ()
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contract:
    """
    Everything that was agreed, add-ons left out; phases in order, the first starts with the contract.

    `active_to` only clips: what lies behind it comes back when the end is taken back. `minimum_amount` is the least
    that all lines of a billing period come to.
    """

    active_from: datetime
    phases: tuple[Phase, ...]
    active_to: datetime | None = None
    minimum_amount: Decimal | None = None
    prorate_minimum: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data: times in ISO 8601, decimals as strings."""
        return {
            "active_from": self.active_from.isoformat(),
            "active_to": _text(self.active_to),
            "phases": [_phase_to_json(phase) for phase in self.phases],
            "minimum_amount": None if self.minimum_amount is None else f"{self.minimum_amount:f}",
            "prorate_minimum": self.prorate_minimum,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Contract":
        """Read what `to_json` wrote."""
        minimum = data["minimum_amount"]
        return cls(
            active_from=datetime.fromisoformat(data["active_from"]),
            active_to=_time(data["active_to"]),
            phases=tuple(_phase_from_json(phase) for phase in data["phases"]),
            minimum_amount=None if minimum is None else Decimal(minimum),
            prorate_minimum=data["prorate_minimum"],
        )


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


def planned_phases(contract: Contract) -> Iterator[PlannedPhase]:
    """Yield the phases that have any length within the contract, in order."""
    for position, (phase, end) in enumerate(phase_ends(contract)):
        active_to = _earlier(end, contract.active_to)
        if active_to is None or phase.starts_at < active_to:
            yield PlannedPhase(
                phase.key, phase.name, phase.description, phase.metadata, position, phase.starts_at, active_to
            )


def planned_items(contract: Contract) -> Iterator[PlannedItem]:
    """Yield the items that have any length within their phase and the contract; the minimum is not among them."""
    for phase, end in phase_ends(contract):
        for position, version in enumerate(phase.items):
            active_from = max(version.active_from or phase.starts_at, phase.starts_at)
            active_to = _earlier(_earlier(version.active_to, end), contract.active_to)
            if active_to is None or active_from < active_to:
                yield PlannedItem(phase.key, version.terms, position, active_from, active_to)


def phase_ends(contract: Contract) -> Iterator[tuple[Phase, datetime | None]]:
    """Yield each phase with when the next one starts, None for the last."""
    starts: list[datetime | None] = [phase.starts_at for phase in contract.phases[1:]]
    yield from zip(contract.phases, [*starts, None], strict=True)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def _phase_to_json(phase: Phase) -> dict[str, Any]:
    return {
        "key": phase.key,
        "name": phase.name,
        "description": phase.description,
        "metadata": dict(phase.metadata),
        "starts_at": phase.starts_at.isoformat(),
        "items": [
            {"terms": item.terms.to_json(), "from": _text(item.active_from), "to": _text(item.active_to)}
            for item in phase.items
        ],
    }


def _phase_from_json(data: Mapping[str, Any]) -> Phase:
    return Phase(
        key=data["key"],
        name=data["name"],
        description=data["description"],
        metadata=data["metadata"],
        starts_at=datetime.fromisoformat(data["starts_at"]),
        items=tuple(
            ItemVersion(Terms.from_json(item["terms"]), _time(item["from"]), _time(item["to"]))
            for item in data["items"]
        ),
    )


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
