"""What became of events, as the console shows it: badges, panels, and the filter of the list."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter

from metering import clock
from metering.admin.display import NOTHING, Panel, figure, link, list_url, moment
from metering.admin.filters import chosen_range
from metering.history import changes_of
from metering.identity import text_hash
from metering.models import Correction, Customer, Event, EventVoid, Meter, Subject
from metering.queries.verdicts import Reading, Verdict, having_outcome, verdicts_of
from metering.verdicts import Outcome

WORDS = {
    Outcome.COUNTED: "Counted",
    Outcome.NO_METER: "No meter",
    Outcome.NO_CUSTOMER: "No customer",
    Outcome.BAD_VALUE: "Bad value",
    Outcome.NOT_STARTED: "Before start",
    Outcome.VOID: "Void",
}
_KINDS = {Outcome.COUNTED: "good", Outcome.BAD_VALUE: "bad", Outcome.VOID: "plain"}
_NOBODYS = "No customer had this subject at that time, so nobody is billed for the event."
_DEFAULT_SPAN = timedelta(hours=24)
_LONGEST_SPAN = timedelta(days=31)


def verdict_of(event: Any) -> Verdict:
    """Return the verdict of an event, which its list has looked up already, or that is looked up now."""
    if not hasattr(event, "verdict"):
        event.verdict = verdicts_of([event])[event.key]
    verdict: Verdict = event.verdict
    return verdict


def badges(verdict: Verdict) -> SafeString:
    """Show all that is true of an event, and what its sender may have meant."""
    shown = format_html_join(" ", "{}", ((badge(outcome),) for outcome in verdict.outcomes))
    meant = [*verdict.similar_types, *verdict.similar_subjects]
    if not meant:
        return shown
    return shown + format_html(' <span class="console-hint">Did you mean {}?</span>', " or ".join(meant))


def badge(outcome: Outcome) -> SafeString:
    """Show one outcome, in words and a colour."""
    kind = _KINDS.get(outcome, "warning")
    return format_html('<span class="console-badge console-badge-{}">{}</span>', kind, WORDS[outcome])


# --- The filter of the list ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Looked:
    """The half-open range of time in which events are held against an outcome, and why it is this one."""

    start: datetime
    end: datetime | None
    note: str


def looked_at(request: HttpRequest) -> Looked | None:
    """Return where the list looks for the outcome that is chosen: at most 31 days, the last 24 hours by default."""
    if request.GET.get(OutcomeFilter.parameter_name) not in WORDS:
        return None
    try:
        start, end = chosen_range(request.GET, "time")
    except ValueError:
        start, end = None, None
    until = end or clock.now()
    if start is None:
        words = "the last 24 hours" if end is None else f"the 24 hours before {moment(end)}"
        return Looked(
            until - _DEFAULT_SPAN, end, f"Verdicts are looked for in {words}; choose a time for another range."
        )
    if until - start > _LONGEST_SPAN:
        first = until - _LONGEST_SPAN
        return Looked(first, end, f"Verdicts are looked for in 31 days at most: here from {moment(first)} on.")
    return Looked(start, end, "")


class OutcomeFilter(DropdownFilter):
    """Events by what became of them, by the meters, links and voids of now."""

    title = "verdict"
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(outcome), word) for outcome, word in WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        looked = looked_at(request)
        if looked is None:
            return queryset
        return having_outcome(queryset.filter(time__gte=looked.start), Outcome(str(self.value())))


# --- The page of an event ------------------------------------------------------------------------------------------

EventPanel = Callable[[Event], Panel]
_more_panels: list[EventPanel] = []


def register_event_panel(panel: EventPanel) -> None:
    """Have a panel shown on the page of each event. Higher layers register theirs at start-up, such as the bills."""
    _more_panels.append(panel)


def verdict_panels(event: Event, verdict: Verdict) -> list[Panel]:
    """Return all there is to say about what became of an event."""
    panels = [_outcome_panel(event, verdict)]
    if verdict.readings:
        panels.append(_readings_panel(verdict.readings))
    if verdict.customer:
        panels.append(_owner_panel(event, verdict.customer))
    voids = list(EventVoid.objects.filter(event_key=event.key).select_related(*_BATCHES).order_by("-pk"))
    if voids:
        panels.append(_voids_panel(voids))
    return panels + [panel(event) for panel in _more_panels]


_BATCHES = ("voided_batch__correction", "restored_batch__correction")


def _outcome_panel(event: Event, verdict: Verdict) -> Panel:
    return Panel(
        title="Verdict",
        headers=("What became of it", "Why"),
        rows=[(badge(outcome), _why(event, verdict, outcome)) for outcome in verdict.outcomes],
        empty="",
    )


def _why(event: Event, verdict: Verdict, outcome: Outcome) -> SafeString | str:
    match outcome:
        case Outcome.COUNTED:
            return format_html('<span class="console-inline">It is in the usage of {}.</span>', link(verdict.customer))
        case Outcome.NO_METER:
            text = format_html("No meter counts events of type {}.", event.type)
            return text + _meant(verdict.similar_types, lambda name: list_url(Meter, q=name))
        case Outcome.NO_CUSTOMER:
            return format_html("{}", _NOBODYS) + _meant(
                verdict.similar_subjects, lambda name: list_url(Subject, q=name)
            )
        case Outcome.BAD_VALUE:
            return "Not every meter could read its value: see below."
        case Outcome.NOT_STARTED:
            return "It is from before the time from which its meters count."
    return _why_void(verdict.void)


def _meant(names: tuple[str, ...], url: Callable[[str], str]) -> SafeString:
    if not names:
        return SafeString("")
    links = format_html_join(" or ", '<a href="{}" class="text-link">{}</a>', ((url(name), name) for name in names))
    return format_html(' <span class="console-inline">Did you mean {}?</span>', links)


def _why_void(void: EventVoid | None) -> SafeString | str:
    correction = void.voided_batch.correction if void else None
    return (
        NOTHING
        if correction is None
        else format_html('<span class="console-inline">{} ({})</span>', correction.reason, link(correction))
    )


def _readings_panel(readings: Sequence[Reading]) -> Panel:
    return Panel(
        title="Meters that read it",
        headers=("Meter", "Aggregation", "Value", "Groups"),
        rows=[
            (link(found.meter), found.meter.get_aggregation_display(), _taken(found), _groups(found))
            for found in readings
        ],
        empty="",
    )


def _taken(reading: Reading) -> SafeString | str:
    if reading.problem is not None:
        return format_html('<span class="console-bad">{}</span>', reading.problem)
    value = reading.value
    # Plain text, at the left, as the column holds texts too.
    return value if isinstance(value, str) else str(figure(value))


def _groups(reading: Reading) -> str:
    return ", ".join(f"{name}: {text or NOTHING}" for name, text in reading.group.items()) or NOTHING


def _owner_panel(event: Event, customer: Customer) -> Panel:
    subject = Subject.objects.filter(key_hash=text_hash(event.subject)).first()
    return Panel(
        title="Whose usage this is",
        headers=("Customer", "Subject"),
        rows=[(link(customer), link(subject))],
        empty="",
    )


def _voids_panel(voids: list[EventVoid]) -> Panel:
    return Panel(
        title="Voided and restored",
        headers=("Voided", "By", "Why", "In its place", "Restored"),
        rows=list(map(_void_row, voids)),
        empty="",
    )


def _void_row(void: EventVoid) -> tuple[object, ...]:
    batch, restored = void.voided_batch, void.restored_batch
    return (
        moment(batch.received_at),
        _actor(batch.correction),
        _why_void(void),
        format_html_join(", ", "{}", ((link(event),) for event in batch.events.all()[:1])) or NOTHING,
        link(restored, moment(restored.received_at)) if restored else NOTHING,
    )


def _actor(correction: Correction | None) -> str:
    made: Iterator[Any] = reversed(changes_of(correction)) if correction else iter(())
    return next((change.actor for change in made), NOTHING)
