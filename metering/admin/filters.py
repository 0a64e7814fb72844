"""Filters for tables that are too long for a list of their values."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time
from unfold.contrib.filters.admin import RangeDateTimeFilter, TextFilter


def exactly(name: str, title: str | None = None) -> type[TextFilter]:
    """Make a filter for rows whose text is exactly what is typed."""
    label = title or name.replace("_", " ")

    class ExactFilter(TextFilter):
        parameter_name = name
        title = label

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            value = self.value()
            return queryset.filter(**{name: value}) if value else queryset

    return ExactFilter


class DeletedFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Live"), ("yes", "Deleted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() == "no")


class InstantRangeFilter(RangeDateTimeFilter):
    """Rows from one time on and before another, in the console's zone; a day without a time is the whole day."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        try:
            start, end = chosen_range(request.GET, self.parameter_name)
        except ValueError:
            return queryset.none()
        if start is not None:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": start})
        return queryset if end is None else queryset.filter(**{f"{self.parameter_name}__lt": end})


def chosen_range(parameters: Mapping[str, str], name: str) -> tuple[datetime | None, datetime | None]:
    """
    Return the half-open range that the parameters of an `InstantRangeFilter` state; None is open.

    :raises ValueError: if one of them is no date or no time.
    """
    start, end = (
        (parameters.get(f"{name}_{side}_0", ""), parameters.get(f"{name}_{side}_1", "")) for side in ("from", "to")
    )
    return _instant(*start, if_whole_day=0), _instant(*end, if_whole_day=1)


def _instant(day_text: str, time_text: str, *, if_whole_day: int) -> datetime | None:
    if not day_text.strip():
        return None
    day, at = parse_date(day_text.strip()), parse_time(time_text.strip()) if time_text.strip() else time.min
    if not isinstance(day, date) or at is None:
        raise ValueError(f"{day_text} {time_text} is no time.")
    days = 0 if time_text.strip() else if_whole_day
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), at))
