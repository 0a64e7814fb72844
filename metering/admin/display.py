"""How the console shows values: links, figures, JSON, panels of related rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.decorators import display

NOTHING = "\N{EN DASH}"
_INSTANT = timedelta(microseconds=1)
_SHORT, _LONG = 80, 1_000
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


class Number(str):
    """A text that tables put at the right: a number, or the heading over numbers."""

    __slots__ = ()
    is_number = True


def change_url(row: Model) -> str:
    """Return the address of a row's page."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=(row.pk,))


def list_url(model: type[Model], **filters: object) -> str:
    """Return the address of a model's list, narrowed by filters such as `customer__id__exact=5`."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address


def link(row: Model | None, text: object = None) -> SafeString | str:
    """Show a row as a link to its page."""
    if row is None:
        return NOTHING
    return format_html('<a href="{}" class="text-link">{}</a>', change_url(row), row if text is None else text)


def figure(number: Decimal | int | None) -> Number:
    """
    Show an exact number with all its digits, thousands grouped.

    >>> figure(Decimal("1234567.500")), figure(Decimal("1E+3"))
    ('1,234,567.5', '1,000')
    """
    if number is None:
        return Number(NOTHING)
    text = f"{number:,f}"
    return Number(text.rstrip("0").rstrip(".") if "." in text else text)


def short(text: str) -> SafeString | str:
    """Show the beginning of a long text, and more of it where somebody points at it."""
    if len(text) <= _SHORT:
        return text
    return format_html('<span title="{}">{}</span>', Truncator(text).chars(_LONG), Truncator(text).chars(_SHORT))


def percent(done: int, total: int) -> str:
    """
    Show a share in whole percent, rounded down, so that 100 % means all of it.

    >>> percent(999, 1000), percent(0, 0)
    ('99 %', '100 %')
    """
    return f"{100 * done // total if total else 100} %"


def moment(at: datetime | None) -> str:
    """Show a time to the minute, in the console's zone."""
    return NOTHING if at is None else timezone.localtime(at).strftime("%Y-%m-%d %H:%M")


def instant(at: datetime) -> str:
    """Show a time to the second, and to the microsecond where it has a part of one, in the console's zone."""
    shown = timezone.localtime(at).replace(tzinfo=None)
    return shown.isoformat(" ").rstrip("0") if shown.microsecond else shown.isoformat(" ")


def day(at: datetime | None, zone: ZoneInfo | None = None) -> str:
    """Show the day of a time, in a zone or else the console's."""
    return NOTHING if at is None else timezone.localtime(at, zone).strftime("%Y-%m-%d")


def days(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Show the days in a zone that a half-open period touches, the last one included."""
    return f"{day(start, zone)} to {day(end - _INSTANT, zone)}"


def span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Show a half-open period in a zone: by its days where it is made of whole days, else to the minute."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.time() == last.time() == time.min:
        return days(start, end, zone)
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} {zone.key}"


def json_block(value: object) -> SafeString:
    """Show JSON indented, its numbers with all their digits."""
    return format_html('<pre class="console-json">{}</pre>', json_lines(value))


def json_lines(value: object) -> str:
    """Write JSON indented, its numbers with all their digits."""
    return msgspec.json.format(_encode(value), indent=2).decode()


def link_to(path: str, title: str, *, ordering: str | None = None) -> Callable[..., Any]:
    """Make a column that links to a related row, such as `link_to("meter_version.meter", "meter")`."""

    @display(description=title, ordering=ordering or path.replace(".", "__"))
    def column(admin: object, row: Model) -> SafeString | str:
        return link(_follow(row, path))

    return column


def figure_of(name: str, title: str | None = None) -> Callable[..., Any]:
    """Make a column that shows an exact number."""

    @display(description=title or name.replace("_", " "), ordering=name)
    def column(admin: object, row: Model) -> str:
        return figure(getattr(row, name))

    return column


def json_of(name: str, title: str | None = None) -> Callable[..., Any]:
    """Make a field that shows JSON."""

    @display(description=title or name.replace("_", " "))
    def column(admin: object, row: Model) -> SafeString | str:
        value = getattr(row, name)
        return NOTHING if value in (None, {}, []) else json_block(value)

    return column


def hex_of(name: str, title: str) -> Callable[..., Any]:
    """Make a field that shows bytes in hexadecimal."""

    @display(description=title)
    def column(admin: object, row: Model) -> str:
        return bytes(getattr(row, name)).hex()

    return column


@dataclass(frozen=True)
class Panel:
    """Related rows on an object's page: a small table, and where to see all of them."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[object]]
    empty: str
    links: Sequence[tuple[str, str]] = field(default=())

    @property
    def table(self) -> dict[str, object]:
        return {"headers": self.headers, "rows": self.rows}


def _follow(row: Model, path: str) -> Model | None:
    value: Any = row
    for name in path.split("."):
        value = getattr(value, name)
        if value is None:
            return None
    return value
