"""Pure: the outcomes of `metering.verdicts` as conditions in SQL on rows of metering_event, to find events by them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from metering.aggregation_sql import TEXT_HASH
from metering.verdicts import COUNT, UNIQUE_COUNT, Outcome

Condition = tuple[str, list[Any]]

_VOID: Final = """EXISTS (
    SELECT FROM metering_eventvoid void WHERE void.event_key = metering_event.key AND void.restored_batch_id IS NULL)"""
_HAS_CUSTOMER: Final = f"""EXISTS (
    SELECT FROM metering_subject subject JOIN metering_subjectlink link ON link.subject_id = subject.id
    WHERE subject.key_hash = {TEXT_HASH.format(text="metering_event.subject")}
      AND link.ended_batch_id IS NULL
      AND (link.from_at IS NULL OR link.from_at <= metering_event.time)
      AND (link.to_at IS NULL OR metering_event.time < link.to_at))"""


@dataclass(frozen=True, slots=True)
class ReadMeter:
    """What decides whether a meter can read an event."""

    event_type: str
    aggregation: str
    value_path: tuple[str, ...]
    event_from: datetime | None


def outcome_condition(outcome: Outcome, meters: Sequence[ReadMeter]) -> Condition:
    """Return SQL and positional parameters for the events that have an outcome, by these live meters."""
    if outcome == Outcome.VOID:
        return _VOID, []
    not_void: Condition = (f"NOT {_VOID}", [])
    if outcome != Outcome.COUNTED:
        return _all(_other(outcome, meters), not_void)
    others = (Outcome.NO_METER, Outcome.BAD_VALUE, Outcome.NOT_STARTED, Outcome.NO_CUSTOMER)
    return _all(*(_not(_other(other, meters)) for other in others), not_void)


def _other(outcome: Outcome, meters: Sequence[ReadMeter]) -> Condition:
    by_type: dict[str, list[ReadMeter]] = defaultdict(list)
    for meter in meters:
        by_type[meter.event_type].append(meter)
    match outcome:
        case Outcome.NO_METER:
            return "metering_event.type <> ALL(%s::text[])", [sorted(by_type)]
        case Outcome.NO_CUSTOMER:
            return f"NOT {_HAS_CUSTOMER}", []
        case Outcome.BAD_VALUE:
            return _by_type({name: _any(*map(_is_bad, of_type)) for name, of_type in by_type.items()})
    return _by_type({name: _all(*map(_not_started, of_type)) for name, of_type in by_type.items()})


def _is_bad(meter: ReadMeter) -> Condition:
    if meter.aggregation == COUNT:
        return "false", []
    found = "metering_event.data #> %s::text[]"
    problem = (
        f"coalesce(jsonb_typeof({found}), 'null') NOT IN ('string', 'number', 'boolean')"
        if meter.aggregation == UNIQUE_COUNT
        else f"metering_value({found}) IS NULL"
    )
    return _all((problem, [list(meter.value_path)]), _not(_not_started(meter)))


def _not_started(meter: ReadMeter) -> Condition:
    return ("false", []) if meter.event_from is None else ("metering_event.time < %s", [meter.event_from])


def _by_type(conditions: dict[str, Condition]) -> Condition:
    # A CASE, so that an event is held against the meters of its type alone.
    worth = {name: condition for name, condition in conditions.items() if condition[0] != "false"}
    if not worth:
        return "false", []
    cases = [f"WHEN %s THEN {text}" for text, _ in worth.values()]
    parameters = [value for name, (_, inner) in worth.items() for value in (name, *inner)]
    return f"CASE metering_event.type {' '.join(cases)} ELSE false END", parameters


def _all(*conditions: Condition) -> Condition:
    if any(text == "false" for text, _ in conditions):
        return "false", []
    return _joined(" AND ", [condition for condition in conditions if condition[0] != "true"], "true")


def _any(*conditions: Condition) -> Condition:
    return _joined(" OR ", [condition for condition in conditions if condition[0] != "false"], "false")


def _not(condition: Condition) -> Condition:
    text, parameters = condition
    return {"true": "false", "false": "true"}.get(text, f"NOT ({text})"), parameters


def _joined(word: str, conditions: Sequence[Condition], otherwise: str) -> Condition:
    if not conditions:
        return otherwise, []
    text = word.join(text for text, _ in conditions)
    return (text if len(conditions) == 1 else f"({text})"), [value for _, part in conditions for value in part]
