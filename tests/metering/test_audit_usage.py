"""Measured in one pass for many selections, usage is what the query says for each of them alone."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from metering.audit import Usage, measure_again
from metering.models import Aggregation, Batch
from metering.queries.usage import total_usage
from metering.spans import Span
from tests.factories import START, BatchFactory, EventFactory, EventVoidFactory, MeterVersionFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("aggregation", Aggregation.values)
@pytest.mark.parametrize("filters", [{}, {"model": ["large"]}, {"model": ["large", ""]}])
def test_it_equals_the_query_for_every_selection(aggregation, filters):
    value_property = "" if aggregation == Aggregation.COUNT else "$.tokens"
    version = MeterVersionFactory(
        meter__aggregation=aggregation, meter__value_property=value_property, meter__event_from=START + 3 * HOUR
    )
    random = Random(7)
    events = [make_event(random) for _ in range(150)]
    void_some(random, events)
    batches = list(Batch.objects.order_by("pk").values_list("pk", flat=True))
    usages = [make_usage(random, name, batches) for name in range(25)]
    expected = {
        usage.name: total_usage(
            version=version,
            start=usage.start,
            end=usage.end,
            spans=usage.spans,
            filters=filters,
            bound=usage.bound,
            from_events_only=True,
        )
        for usage in usages
    }
    assert len(set(expected.values())) >= 3
    assert measure_again(version, filters, usages) == expected


def test_it_is_nothing_where_there_is_nothing():
    version = MeterVersionFactory()
    usage = Usage(0, (Span("nobody", None, None),), START, START + HOUR, None)
    assert measure_again(version, {}, [usage]) == {0: Decimal(0)}
    assert measure_again(version, {}, []) == {}


def make_event(random):
    return EventFactory(
        type=random.choice(["request", "request", "other"]),
        subject=random.choice("abc"),
        time=START + random.randrange(24) * HOUR,
        data={
            "tokens": random.choice([1, "2.5", "bad", None, random.randrange(90)]),
            "model": random.choice(["large", "small", None]),
        },
    )


def void_some(random, events):
    """Void 40 events, and restore half of them."""
    for place, event in enumerate(random.sample(events, 40)):
        voided = BatchFactory(kind="void", is_rolled_up=True)
        restored = BatchFactory(kind="restore", is_rolled_up=True) if place % 2 else None
        EventVoidFactory(event_key=event.key, voided_batch=voided, restored_batch=restored)


def make_usage(random, name, batches):
    low = random.choice([None, START + random.randrange(24) * HOUR])
    high = None if low is None else low + random.randrange(1, 12) * HOUR
    spans = (Span("a", low, high), *((Span(random.choice("bc"), None, None),) if random.random() < 0.5 else ()))
    start = START + random.randrange(12) * HOUR
    return Usage(name, spans, start, start + random.randrange(1, 24) * HOUR, random.choice([None, *batches[75:]]))
