"""Usage by day as a bar chart, with what each bar says in words."""

from collections.abc import Iterator

from portal.charts import BarChart, Column, bar_chart
from portal.templatetags.money import local_date, quantity, short_date
from portal.usage import UsageByDay


def usage_chart(usage: UsageByDay) -> BarChart:
    """Lay out a stack of bars for each day."""
    return bar_chart(list(_columns(usage)))


def _columns(usage: UsageByDay) -> Iterator[Column]:
    for day in usage.days:
        parts = [f"{name}: {quantity(value)}" for name, value in zip(usage.names, day.values, strict=True) if value]
        title = [f"{local_date(day.day)}: {quantity(day.total)}", *(parts if len(usage.names) > 1 else [])]
        yield Column(label=short_date(day.day), title="\n".join(title), values=day.values)
