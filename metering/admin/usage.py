"""The usage of a customer: a meter's quantities by day, as bars and as a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from metering.admin.display import figure
from metering.models import Aggregation, Customer, Meter
from metering.queries.usage import customer_spans, query_usage, total_usage
from metering.windows import WindowSize

_BAR_UNITS = 100
_RANGES = (("7", "7 days"), ("31", "31 days"), ("92", "92 days"))


@dataclass(frozen=True)
class DayOfUsage:
    """A day's row of the usage table; `share` of the busiest day, in hundredths, draws its bar."""

    day: date
    quantity: str
    share: int


class UsageFilter(forms.Form):
    meter = forms.ModelChoiceField(
        queryset=Meter.objects.live().order_by("slug"), empty_label=None, widget=UnfoldAdminSelectWidget()
    )
    days = forms.ChoiceField(label="Range", choices=_RANGES, widget=UnfoldAdminSelectWidget())


def days_of_usage(quantities: Mapping[date, Decimal], first: date, last: date) -> Iterator[DayOfUsage]:
    """Return a row for each day from the first to the last, those without usage included."""
    most = max(quantities.values(), default=Decimal(0))
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        quantity = quantities.get(day, Decimal(0))
        share = int(quantity * _BAR_UNITS / most) if most > 0 else 0
        yield DayOfUsage(day, figure(quantity), max(share, 0))


def customer_usage(customer: Customer, filters: Mapping[str, Any], at: datetime) -> dict[str, object]:
    """Return what the usage page shows: days of the customer's zone, the last of them today, and their total."""
    zone: ZoneInfo = customer.zone
    today = at.astimezone(zone).date()
    first = today - timedelta(days=int(filters["days"]) - 1)
    meter = filters["meter"]
    chosen: dict[str, Any] = {
        "version": meter.current_version,
        "start": _midnight(first, zone),
        "end": _midnight(today + timedelta(days=1), zone),
        "spans": customer_spans(customer_id=customer.pk),
    }
    rows = query_usage(**chosen, window=(WindowSize.DAY, zone))
    quantities = {row.window_start.astimezone(zone).date(): row.value for row in rows}
    is_additive = Aggregation(meter.aggregation).is_additive
    total = sum(quantities.values(), Decimal(0)) if is_additive else total_usage(**chosen)
    return {
        "days": list(days_of_usage(quantities, first, today)),
        "facts": [
            ("Total", figure(total)),
            ("Events", figure(sum(row.events for row in rows))),
            ("Days", f"{first} to {today}, {zone.key}"),
        ],
    }


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
