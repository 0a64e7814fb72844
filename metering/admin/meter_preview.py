"""The panel that shows what a meter would have measured, before it is saved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.html import format_html, format_html_join

from metering.admin.display import NOTHING, Number, Panel, figure, link, moment, short
from metering.admin.forms import PairsField
from metering.admin.usage import days_of_usage
from metering.errors import DomainError
from metering.models import Aggregation, Meter, MeterVersion
from metering.queries.meter_preview import MOST_EVENTS, Preview, preview_meter
from metering.queries.recent import LOOKED_AT, SeenField, SeenType, recent_fields, recent_types
from metering.queries.usage import UsageRow
from metering.services.meters import draft_version
from metering.verdicts import similar

RANGES = (("7", "7 days"), ("31", "31 days"))
_SHOWN_GROUPS = 10
_MANY_GROUPS = 1_000
_SHOWN_FIELDS = 12
_INSTANT = timedelta(microseconds=1)


class GroupsForm(forms.Form):
    """What can change of a meter that is there."""

    group_by = PairsField(example="model = $.model", required=False)
    days = forms.ChoiceField(choices=RANGES)

    @property
    def problem(self) -> str:
        """The first thing that is wrong, in a sentence."""
        name, errors = next(iter(self.errors.items()))
        return f"{name.replace('_', ' ').capitalize()}: {errors[0]}"


class MeasureForm(GroupsForm):
    """The fields of a new meter that decide what it measures."""

    field_order = ("event_type", "aggregation", "value_property", "group_by", "event_from")
    event_type = forms.CharField(error_messages={"required": "Name the type of the events to count."})
    aggregation = forms.ChoiceField(choices=Aggregation.choices)
    value_property = forms.CharField(required=False)
    event_from = forms.SplitDateTimeField(required=False)


@dataclass(frozen=True)
class PreviewDay:
    """A day's row: quantity, events, and the share of the busiest day in hundredths."""

    day: str
    quantity: str
    events: str
    share: int


def seen_types_panel(types: Sequence[SeenType]) -> Panel:
    """Return the event types among the events that came last."""
    return Panel(
        title=f"Event types among the last {LOOKED_AT:,} events",
        headers=("Type", Number("Events"), "Newest"),
        rows=[(short(seen.name), figure(seen.events), moment(seen.last_at)) for seen in types],
        empty="No event has come yet.",
    )


def previewed(sent: QueryDict, meter: Meter | None, at: datetime) -> dict[str, object]:
    """Return what the panel shows of the fields that were sent, a meter's own ones but its groups where it is there."""
    form = MeasureForm(sent) if meter is None else GroupsForm(sent)
    event_type = sent.get("event_type", "") if meter is None else meter.event_type
    fields = recent_fields(event_type) if event_type else []
    context: dict[str, object] = {"seen_fields": fields}
    try:
        if not form.is_valid():
            return context | {"problem": form.problem, "panels": _fields_panels(fields)}
        measure = {name: value for name, value in form.cleaned_data.items() if name != "days"}
        version = draft_version(**_fixed(meter), **measure)
        found = _preview(version, int(form.cleaned_data["days"]), at)
    except DomainError as refusal:
        return context | {"problem": refusal.message, "panels": _fields_panels(fields)}
    return context | found | {"panels": [*found["panels"], *_fields_panels(fields)]}


def _fixed(meter: Meter | None) -> dict[str, Any]:
    names = ("event_type", "aggregation", "value_property", "event_from")
    return {} if meter is None else {name: getattr(meter, name) for name in names}


def _preview(version: MeterVersion, days: int, at: datetime) -> dict[str, Any]:
    event_type, types = version.meter.event_type, recent_types()
    newest = next((seen.last_at for seen in types if seen.name == event_type), at)
    is_past = newest < at - timedelta(days=days)
    end = newest + _INSTANT if is_past else at
    found = preview_meter(version=version, start=_midnight(end) - timedelta(days=days - 1), end=end)
    return {
        "facts": _facts(version, found) if found.events else [],
        "notes": list(_notes(found, event_type, days, types, is_past)),
        "days": list(_days(found)),
        "panels": [*_bad_panels(found), *(_group_panel(key, rows) for key, rows in found.groups.items())],
    }


def _facts(version: MeterVersion, found: Preview) -> list[tuple[str, str]]:
    return [
        (version.meter.get_aggregation_display(), figure(found.total.value) if found.total else NOTHING),
        ("Events", figure(found.events)),
        ("Bad values", figure(found.bad.events if found.bad else 0)),
        ("From", moment(found.start)),
        ("To", moment(found.end)),
    ]


def _notes(found: Preview, event_type: str, days: int, types: Sequence[SeenType], is_past: bool) -> Iterator[str]:
    if not found.events:
        meant = similar(event_type, [seen.name for seen in types if seen.name != event_type])
        hint = format_html(" Did you mean {}?", format_html_join(" or ", "{}", ((short(name),) for name in meant)))
        yield format_html("No event of type {} in these {} days.{}", short(event_type), days, hint if meant else "")
    if is_past:
        yield f"There is none in the last {days} days, so this ends with the newest."
    if found.is_cut:
        yield f"There are too many events for all {days} days: this is the last {MOST_EVENTS:,} events or less."


def _days(found: Preview) -> Iterator[PreviewDay]:
    rows = {row.window_start.date(): row for row in found.days}
    quantities = {day: row.value for day, row in rows.items()}
    for shown in days_of_usage(quantities, found.start.date(), (found.end - _INSTANT).date()):
        row = rows.get(shown.day)
        yield PreviewDay(
            f"{shown.day:%Y-%m-%d}",
            shown.quantity if row else NOTHING,
            figure(row.events if row else 0),
            shown.share,
        )


def _bad_panels(found: Preview) -> Iterator[Panel]:
    if found.bad is not None:
        bad = found.bad
        yield Panel(
            title="Bad values",
            headers=(Number("Events"), "Newest of them", "Why"),
            rows=[(figure(bad.events), link(bad.example, bad.example.event_id), bad.problem)],
            empty="",
        )


def _group_panel(key: str, rows: Sequence[UsageRow]) -> Panel:
    shown = sorted(rows, key=lambda row: row.events, reverse=True)[:_SHOWN_GROUPS]
    title = f"Group {key}: {len(rows):,} found"
    if len(rows) > len(shown):
        title += f", the {len(shown)} with most events"
    if len(rows) > _MANY_GROUPS:
        title += ". So many make queries by it slow: group by something with fewer values"
    return Panel(
        title=title,
        headers=(key, Number("Quantity"), Number("Events")),
        rows=[(short(row.group[key] or "(not in the event)"), figure(row.value), figure(row.events)) for row in shown],
        empty="No event has a good value.",
    )


def _fields_panels(fields: Sequence[SeenField]) -> list[Panel]:
    if not fields:
        return []
    rows = [
        (short(field.path), figure(field.events), figure(field.values), short(field.example))
        for field in fields[:_SHOWN_FIELDS]
    ]
    headers = ("Path", Number("Events"), Number("Good values"), "Such as")
    return [Panel(title="What the data of the last of these events holds", headers=headers, rows=rows, empty="")]


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
