"""Usage of several customers, in as few statements as their subjects allow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from metering.filter_string import FilterString
from metering.models import Aggregation, MeterVersion, SubjectLink
from metering.queries.usage import UsageRow, query_usage
from metering.spans import Span
from metering.windows import WindowSize

# What is known of several subjects, as far as it follows from what is known of each.
_JOINED: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    Aggregation.SUM: lambda one, other: one + other,
    Aggregation.COUNT: lambda one, other: one + other,
    Aggregation.MIN: min,
    Aggregation.MAX: max,
}
_Spans = Mapping[int, Sequence[Span]]


@dataclass(frozen=True, slots=True)
class UsageQuestion:
    """What is asked of a meter version; the fields are arguments of `query_usage`."""

    version: MeterVersion
    start: datetime | None = None
    end: datetime | None = None
    subjects: Sequence[str] | None = None
    filters: Mapping[str, Sequence[str] | FilterString] | None = None
    group_by: Sequence[str] = ()
    by_subject: bool = False
    window: tuple[WindowSize, ZoneInfo] | None = None

    def rows(self, spans: Sequence[Span] | None, *, by_subject: bool) -> list[UsageRow]:
        """Return the usage of these spans, or of everybody."""
        return query_usage(
            version=self.version,
            start=self.start,
            end=self.end,
            spans=spans,
            subjects=self.subjects,
            filters=self.filters,
            group_by=self.group_by,
            by_subject=by_subject,
            window=self.window,
        )


@dataclass(frozen=True, slots=True)
class CustomerUsage:
    """A row of usage, and the customer whose it is."""

    customer_id: int
    row: UsageRow


def usage_by_customer(
    question: UsageQuestion, customer_ids: Sequence[int], *, note: Callable[[int], None] = lambda answered: None
) -> list[CustomerUsage]:
    """
    Return the usage of each customer, in no order; `note` is told how many more of them are answered.

    One statement answers all customers whose rows follow from those of their subjects; each other one takes its own:
    where two of them had the same subject, or where an average, a latest value or a number of different values goes
    over several subjects.
    """
    spans = _spans_of(customer_ids)
    together = _together(question, spans)
    found = list(_of_all(question, together)) if together else []
    note(len(together))
    for customer_id in spans.keys() - together.keys():
        rows = question.rows(spans[customer_id], by_subject=question.by_subject)
        found += [CustomerUsage(customer_id, row) for row in rows]
        note(1)
    return found


def _spans_of(customer_ids: Sequence[int]) -> _Spans:
    links = SubjectLink.objects.known_at(None).filter(customer_id__in=customer_ids).select_related("subject")
    spans: dict[int, list[Span]] = {customer_id: [] for customer_id in customer_ids}
    for link in links.order_by("pk"):
        spans[link.customer_id].append(Span(link.subject.key, link.from_at, link.to_at))
    return spans


def _together(question: UsageQuestion, spans: _Spans) -> _Spans:
    owners: dict[str | None, set[int]] = {}
    for customer_id, found in spans.items():
        for span in found:
            owners.setdefault(span.subject, set()).add(customer_id)
    joins = question.by_subject or question.version.meter.aggregation in _JOINED
    return {
        customer_id: found
        for customer_id, found in spans.items()
        if all(len(owners[span.subject]) == 1 for span in found)
        and (joins or len({span.subject for span in found}) <= 1)
    }


def _of_all(question: UsageQuestion, spans: _Spans) -> Iterable[CustomerUsage]:
    owners = {span.subject: customer_id for customer_id, found in spans.items() for span in found}
    rows = question.rows([span for found in spans.values() for span in found], by_subject=True)
    if question.by_subject:
        return [CustomerUsage(owners[row.subject], row) for row in rows]
    joined: dict[tuple[object, ...], CustomerUsage] = {}
    for row in rows:
        owner = owners[row.subject]
        key = (owner, row.window_start if question.window else None, *row.group.values())
        whole = replace(row, subject=None)
        known = joined.get(key)
        joined[key] = CustomerUsage(owner, _join(known.row, whole, question) if known else whole)
    return joined.values()


def _join(one: UsageRow, other: UsageRow, question: UsageQuestion) -> UsageRow:
    return replace(
        one,
        window_start=min(one.window_start, other.window_start),
        window_end=max(one.window_end, other.window_end),
        value=_JOINED[question.version.meter.aggregation](one.value, other.value),
        events=one.events + other.events,
    )
