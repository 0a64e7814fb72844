"""Pure: edits of a contract. What has been billed for stays; a change holds from the edit's time on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from metering.errors import DomainError
from pricing.contract import Contract, ItemVersion, Phase, phase_at, phase_ends
from pricing.durations import NO_TIME, Duration, step
from pricing.terms import JsonObject, Terms


class InvalidEdit(DomainError):
    code = "subscription_edit_invalid"


class EditForbidden(DomainError):
    status = 403
    code = "subscription_edit_forbidden"


class EditConflict(DomainError):
    status = 409
    code = "subscription_edit_conflict"


class Shift(StrEnum):
    """What happens to the time of a phase that is removed: later phases move up, or the one before fills it."""

    NEXT = "next"
    PREV = "prev"


@dataclass(frozen=True)
class AddItem:
    phase_key: str
    terms: Terms


@dataclass(frozen=True)
class RemoveItem:
    phase_key: str
    item_key: str


@dataclass(frozen=True)
class AddPhase:
    """`start_after` counts from the contract's start; only a phase that comes last has no duration."""

    key: str
    name: str
    start_after: Duration
    duration: Duration | None = None
    description: str = ""
    metadata: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class RemovePhase:
    phase_key: str
    shift: Shift


@dataclass(frozen=True)
class StretchPhase:
    """A negative duration shrinks the phase."""

    phase_key: str
    extend_by: Duration


@dataclass(frozen=True)
class UnscheduleEdit:
    """Take back what earlier edits let happen later in the current phase."""


Operation = AddItem | RemoveItem | AddPhase | RemovePhase | StretchPhase | UnscheduleEdit


def edited(contract: Contract, operations: Sequence[Operation], *, at: datetime, zone: ZoneInfo) -> Contract:
    """
    Return a contract after operations that take effect at a time, one after the other.

    The error of an operation names its place in `validationErrors`.

    :raises InvalidEdit: if a phase or an item is unknown, or a phase that is not over is left without items.
    :raises EditForbidden: if it would change what is past, or what an earlier edit has planned.
    :raises EditConflict: if the key of a phase is taken, or a phase would vanish or change places.
    """
    for position, operation in enumerate(operations):
        try:
            contract = _apply(contract, operation, at, zone)
            _check_order(contract, at)
        except DomainError as error:
            place = {"code": error.code, "message": error.message, "field": f"$.customizations[{position}]"}
            error.extensions.setdefault("validationErrors", [place])
            raise
    _check_phases_have_items(contract, at)
    return contract


def _apply(contract: Contract, operation: Operation, at: datetime, zone: ZoneInfo) -> Contract:
    match operation:
        case AddItem():
            return _add_item(contract, operation, at)
        case RemoveItem():
            return _remove_item(contract, operation, at)
        case AddPhase():
            return _add_phase(contract, operation, at, zone)
        case RemovePhase():
            return _remove_phase(contract, operation, at, zone)
        case StretchPhase():
            return _stretch_phase(contract, operation, at, zone)
        case UnscheduleEdit():
            return _unschedule(contract, at)
    assert_never(operation)


def _add_item(contract: Contract, add: AddItem, at: datetime) -> Contract:
    phase = _editable_phase(contract, add.phase_key, at)
    versions = _versions(phase, add.terms.key)
    if phase.starts_at > at:
        if versions:
            raise EditForbidden(f"Remove {add.terms.key} from the phase {phase.key} first: it has that item already.")
        return _with_items(contract, phase, (*phase.items, ItemVersion(add.terms)))
    kept = [_closed(version, phase, at) for version in versions]
    new = ItemVersion(add.terms, None if at == phase.starts_at else at)
    return _with_versions(contract, phase, add.terms.key, [*_with_length(kept, phase), new])


def _closed(version: ItemVersion, phase: Phase, at: datetime) -> ItemVersion:
    if (version.active_from or phase.starts_at) > at or (version.active_to is not None and version.active_to > at):
        raise EditForbidden(
            f"Remove {version.terms.key} from the phase {phase.key} first: a change of it is scheduled already."
        )
    return version if version.active_to else replace(version, active_to=at)


def _remove_item(contract: Contract, remove: RemoveItem, at: datetime) -> Contract:
    phase = _editable_phase(contract, remove.phase_key, at)
    versions = _versions(phase, remove.item_key)
    if phase.starts_at > at:
        left: list[ItemVersion] = []
    else:
        begun = [version for version in versions if (version.active_from or phase.starts_at) <= at]
        left = [_ended(version, at) for version in begun]
    if left == versions:
        raise InvalidEdit(f"Name an item that the phase {phase.key} has then, not {remove.item_key}.")
    return _with_versions(contract, phase, remove.item_key, _with_length(left, phase))


def _ended(version: ItemVersion, at: datetime) -> ItemVersion:
    is_over = version.active_to is not None and version.active_to <= at
    return version if is_over else replace(version, active_to=at)


def _add_phase(contract: Contract, add: AddPhase, at: datetime, zone: ZoneInfo) -> Contract:
    if any(phase.key == add.key for phase in contract.phases):
        raise EditConflict(f"Choose another key than {add.key}: there is a phase of that key.")
    starts_at = step(contract.active_from, add.start_after, zone)
    if starts_at <= at:
        raise EditForbidden(f"Start the phase {add.key} after {at.isoformat()}, not at {starts_at.isoformat()}.")
    if contract.active_to is not None and starts_at >= contract.active_to:
        raise EditForbidden(f"Start the phase {add.key} before the subscription ends.")
    earlier = [phase for phase in contract.phases if phase.starts_at < starts_at]
    later = contract.phases[len(earlier) :]
    new = Phase(add.key, add.name, starts_at, (), add.start_after, add.description, add.metadata)
    if not later:
        if add.duration is not None:
            raise InvalidEdit(f"Give the phase {add.key} no duration: it comes last, and lasts.")
        return replace(contract, phases=(*earlier, new))
    if add.duration is None or step(contract.active_from, add.start_after + add.duration, zone) <= starts_at:
        raise InvalidEdit(f"Give the phase {add.key} a duration: other phases come after it.")
    shift = add.start_after + add.duration - later[0].starts_after
    return replace(contract, phases=(*earlier, new, *_moved(contract, later, shift, zone)))


def _remove_phase(contract: Contract, remove: RemovePhase, at: datetime, zone: ZoneInfo) -> Contract:
    position, phase = _find_phase(contract, remove.phase_key)
    if phase.starts_at <= at:
        raise EditForbidden(f"Remove a phase that has not started: {phase.key} has.")
    earlier, later = contract.phases[:position], contract.phases[position + 1 :]
    shift = phase.starts_after - later[0].starts_after if later and remove.shift == Shift.NEXT else NO_TIME
    return replace(contract, phases=(*earlier, *_moved(contract, later, shift, zone)))


def _stretch_phase(contract: Contract, stretch: StretchPhase, at: datetime, zone: ZoneInfo) -> Contract:
    if not stretch.extend_by:
        raise InvalidEdit("Stretch the phase by a duration other than zero.")
    phase = _editable_phase(contract, stretch.phase_key, at)
    position, _ = _find_phase(contract, stretch.phase_key)
    earlier, later = contract.phases[: position + 1], contract.phases[position + 1 :]
    if not later:
        raise EditConflict(f"Stretch a phase that another one follows: {phase.key} lasts until the subscription ends.")
    moved = (*earlier, *_moved(contract, later, stretch.extend_by, zone))
    if moved[position + 1].starts_at <= max(phase.starts_at, at):
        raise EditConflict(f"Shrink the phase {phase.key} by less: nothing would be left of it.")
    return replace(contract, phases=moved)


def _unschedule(contract: Contract, at: datetime) -> Contract:
    if at < contract.active_from:
        raise EditConflict("Unschedule edits once the subscription has started.")
    phase = phase_at(contract, at)
    kept = [version for version in phase.items if (version.active_from or phase.starts_at) <= at]
    return _with_items(contract, phase, [_unending(version, at) for version in kept])


def _unending(version: ItemVersion, at: datetime) -> ItemVersion:
    is_open = version.active_to is not None and version.active_to > at
    return replace(version, active_to=None) if is_open else version


def _moved(contract: Contract, phases: Sequence[Phase], shift: Duration, zone: ZoneInfo) -> Iterator[Phase]:
    for phase in phases:
        after = phase.starts_after + shift
        yield replace(phase, starts_after=after, starts_at=step(contract.active_from, after, zone))


def _find_phase(contract: Contract, key: str) -> tuple[int, Phase]:
    for position, phase in enumerate(contract.phases):
        if phase.key == key:
            return position, phase
    raise InvalidEdit(f"Name one of the phases {', '.join(phase.key for phase in contract.phases)}, not {key}.")


def _editable_phase(contract: Contract, key: str, at: datetime) -> Phase:
    position, phase = _find_phase(contract, key)
    current, _ = _find_phase(contract, phase_at(contract, at).key)
    if position < current:
        raise EditForbidden(f"Edit the current phase or a later one: {key} is over.")
    return phase


def _versions(phase: Phase, key: str) -> list[ItemVersion]:
    return [version for version in phase.items if version.terms.key == key]


def _with_length(versions: Sequence[ItemVersion], phase: Phase) -> list[ItemVersion]:
    return [version for version in versions if (version.active_from or phase.starts_at) != version.active_to]


def _with_versions(contract: Contract, phase: Phase, key: str, versions: Sequence[ItemVersion]) -> Contract:
    items: list[ItemVersion] = []
    is_placed = False
    for item in phase.items:
        if item.terms.key != key:
            items.append(item)
        elif not is_placed:
            items.extend(versions)
            is_placed = True
    return _with_items(contract, phase, items if is_placed else [*items, *versions])


def _with_items(contract: Contract, phase: Phase, items: Sequence[ItemVersion]) -> Contract:
    changed = replace(phase, items=tuple(items))
    return replace(contract, phases=tuple(changed if one is phase else one for one in contract.phases))


def _check_order(contract: Contract, at: datetime) -> None:
    # A shift by months moves a phase that starts months in further than one that starts days in.
    for phase, end in phase_ends(contract):
        if end is not None and max(phase.starts_at, end) > at and end <= phase.starts_at:
            raise EditConflict(f"Shift the phases by less: {phase.key} would end before it starts.")


def _check_phases_have_items(contract: Contract, at: datetime) -> None:
    errors: list[dict[str, Any]] = [
        {
            "code": "subscription_phase_has_no_items",
            "message": f"Give the phase {phase.key} an item.",
            "field": f"$.phases[?(@.key=='{phase.key}')].items",
        }
        for phase, end in phase_ends(contract)
        if not phase.items and (end is None or end > at)
    ]
    if errors:
        raise InvalidEdit(errors[0]["message"], extensions={"validationErrors": errors})
