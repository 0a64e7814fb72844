"""Pure: what was agreed with a customer, phase by phase."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pricing.durations import NO_TIME, Duration, step
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
    """
    A phase from `starts_at` until the next one starts, or the contract ends.

    It starts a duration after the contract does. That duration is what edits change, so that phases that were agreed
    in months keep to the day of the start.
    """

    key: str
    name: str
    starts_at: datetime
    items: tuple[ItemVersion, ...] = ()
    starts_after: Duration = NO_TIME
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
class PhaseTerms:
    """A phase as it is sold: what it costs, and how long it lasts (None for ever)."""

    key: str
    name: str
    duration: Duration | None
    terms: tuple[Terms, ...]
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def phases_from(
    phases: Iterable[PhaseTerms], *, start: datetime, zone: ZoneInfo, starting_phase: str | None = None
) -> tuple[Phase, ...]:
    """
    Give phases their times: each lasts its duration, counted from the start in a zone's civil time.

    Those before `starting_phase` have no length.
    """
    laid = []
    after = NO_TIME
    is_reached = starting_phase is None
    for phase in phases:
        is_reached = is_reached or phase.key == starting_phase
        items = tuple(ItemVersion(terms) for terms in phase.terms)
        starts_at = step(start, after, zone)
        laid.append(Phase(phase.key, phase.name, starts_at, items, after, phase.description, phase.metadata))
        if is_reached and phase.duration is not None:
            after += phase.duration
    return tuple(laid)


def rebased(contract: Contract, *, start: datetime, zone: ZoneInfo) -> Contract:
    """Return a contract that nobody has edited yet as if it started at another time."""
    phases = (replace(phase, starts_at=step(start, phase.starts_after, zone)) for phase in contract.phases)
    return replace(contract, active_from=start, phases=tuple(phases))


def phase_at(contract: Contract, at: datetime) -> Phase:
    """Return the phase that runs at a time: before the contract the first one with any length."""
    begun = [phase for phase in contract.phases if phase.starts_at <= max(at, contract.active_from)]
    return begun[-1]


def phase_ends(contract: Contract) -> Iterator[tuple[Phase, datetime | None]]:
    """Yield each phase with when the next one starts, None for the last."""
    starts: list[datetime | None] = [phase.starts_at for phase in contract.phases[1:]]
    yield from zip(contract.phases, [*starts, None], strict=True)


def _phase_to_json(phase: Phase) -> dict[str, Any]:
    return {
        "key": phase.key,
        "name": phase.name,
        "description": phase.description,
        "metadata": dict(phase.metadata),
        "starts_at": phase.starts_at.isoformat(),
        "starts_after": asdict(phase.starts_after),
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
        starts_after=Duration(**data["starts_after"]),
        items=tuple(
            ItemVersion(Terms.from_json(item["terms"]), _time(item["from"]), _time(item["to"]))
            for item in data["items"]
        ),
    )


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
