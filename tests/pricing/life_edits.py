"""Draws edits of a contract: most of them allowed as it stands, a share of any kind."""

from datetime import timedelta

from hypothesis import strategies as st

from pricing.contract import phase_at
from pricing.contract_edits import AddPhase, RemoveItem, RemovePhase, Shift, StretchPhase, UnscheduleEdit
from pricing.durations import Duration, parse_duration
from pricing.services.subscriptions.edit import AddRateCard

KEYS = ["fee", "tokens", "setup", "support", "seats"]
LONGER = [parse_duration(text) for text in ("P10D", "P1M", "P3M", "PT36H")]
SHORTER = [parse_duration(text) for text in ("-P1M", "-P10D", "P1Y")]
shifts = st.sampled_from(Shift)


@st.composite
def edits(draw, contract, at, cards):
    """Draw operations of one edit at a time."""
    if draw(st.integers(0, 9)) == 7:
        return draw(st.one_of(_any(contract, cards)))
    allowed = [kind for kind in _allowed(contract, at, cards) if kind is not None]
    return draw(draw(st.sampled_from(allowed)) if allowed else st.one_of(_any(contract, cards)))


def _any(contract, cards):
    phases, card = st.sampled_from([phase.key for phase in contract.phases]), st.sampled_from(cards)
    lengths = st.sampled_from(LONGER + SHORTER)
    return [
        _each(AddRateCard, phases, card),
        _each(RemoveItem, phases, st.sampled_from(KEYS)),
        _each(RemovePhase, phases, shifts),
        _each(StretchPhase, phases, lengths),
        st.just([UnscheduleEdit()]),
        _new_phase(lengths, st.none() | lengths, card),
    ]


def _allowed(contract, at, cards):
    current = phase_at(contract, at)
    later = [phase for phase in contract.phases if phase.starts_at > at]
    begun = [phase for phase in contract.phases[:-1] if phase.starts_at >= current.starts_at]
    open_phases = [current, *later]
    add = [(phase.key, card) for phase in open_phases for card in cards if _is_free(phase, card.key, at)]
    remove = [(phase.key, key) for phase in open_phases for key in _removable(phase, at)]
    yield _pairs(AddRateCard, add)
    yield _pairs(RemoveItem, remove)
    yield _each(RemovePhase, st.sampled_from([phase.key for phase in later]), shifts) if later else None
    if begun:
        lengths = st.sampled_from(LONGER * 2 + SHORTER)
        # What is seldom possible is wanted more often when it is.
        yield from [_each(StretchPhase, st.sampled_from([phase.key for phase in begun]), lengths)] * 2
    if any(_is_planned(version, current, at) for version in current.items):
        yield from [st.just([UnscheduleEdit()])] * 3
    if all(phase.key != "late" for phase in contract.phases):
        yield _late_phase(contract, at, cards)


def _late_phase(contract, at, cards):
    days = (at - contract.active_from) // timedelta(days=1)
    starts = [days + after for after in (2, 9, 40, 100)]
    end = (contract.phases[-1].starts_at - contract.active_from) / timedelta(days=1)
    card = st.sampled_from(cards)
    # Only a phase that comes last has no duration; a day is left for a change of the clocks.
    return st.sampled_from(starts).flatmap(
        lambda after: _new_phase(
            st.just(Duration(days=after)),
            st.none() if after > end + 1 else st.sampled_from(LONGER),
            card,
        )
    )


def _new_phase(starts, lengths, cards):
    return st.builds(
        lambda after, length, card: [AddPhase("late", "Late", after, length), AddRateCard("late", card)],
        starts, lengths, cards,
    )  # fmt: skip


def _is_free(phase, key, at):
    versions = [version for version in phase.items if version.terms.key == key]
    return not versions if phase.starts_at > at else not any(_is_planned(one, phase, at) for one in versions)


def _is_planned(version, phase, at):
    return (version.active_from or phase.starts_at) > at or (version.active_to is not None and version.active_to > at)


def _removable(phase, at):
    running = {version.terms.key for version in phase.items if version.active_to is None or version.active_to > at}
    return sorted(running) if len(running) > 1 else []


def _pairs(operation, places):
    return st.sampled_from(places).map(lambda place: [operation(*place)]) if places else None


def _each(operation, *parts):
    return st.builds(lambda *given: [operation(*given)], *parts)
