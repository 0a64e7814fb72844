"""Usage of many customers at once: in few statements, and the same as that of each alone."""

from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metering.models import Aggregation
from metering.queries.customer_usage import UsageQuestion, usage_by_customer
from metering.queries.usage import customer_spans
from metering.services.customers import create_customer
from metering.services.meters import create_meter
from metering.windows import WindowSize
from tests.factories import START, EventFactory, SubjectLinkFactory
from tests.metering.corrected import roll_up

pytestmark = pytest.mark.django_db


def _meter(aggregation):
    path = "" if aggregation == Aggregation.COUNT else "$.tokens"
    return create_meter(
        slug=aggregation.lower(),
        event_type="request",
        aggregation=aggregation,
        value_property=path,
        group_by={"model": "$.model"},
        at=START,
    )


def _customer(key, *subjects):
    return create_customer(name=key, key=key, subject_keys=subjects, at=START)


def _events(*subjects):
    chance = Random(7)
    for _ in range(60):
        EventFactory(
            subject=chance.choice(subjects),
            time=START + timedelta(hours=chance.randint(0, 40), seconds=chance.randint(0, 60)),
            data={"tokens": chance.choice([1, 2, "0.1", -3, "x", 10**30]), "model": chance.choice(["a", "b"])},
        )


def _statements(question, customers):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        found = usage_by_customer(question, [customer.pk for customer in customers])
    return found, sum("metering_event" in query["sql"] for query in captured)


@pytest.mark.parametrize("aggregation", Aggregation)
@pytest.mark.parametrize("window", [None, (WindowSize.DAY, ZoneInfo("Europe/Paris"))])
@pytest.mark.parametrize("by_subject", [False, True])
def test_it_is_what_each_customer_has_alone(aggregation, window, by_subject):
    version = _meter(aggregation).current_version
    customers = [_customer("one"), _customer("two", "two-a", "two-b"), _customer("idle"), _customer("late")]
    # Their subject changes hands, so neither of the two can be told by the subject alone.
    moved = {"subject__key": "moved", "made_batch__is_rolled_up": True}
    link = SubjectLinkFactory(customer=customers[0], to_at=START + timedelta(hours=20), **moved)
    SubjectLinkFactory(subject=link.subject, customer=customers[3], from_at=START + timedelta(hours=20))
    _events("one", "two", "two-a", "two-b", "moved", "late", "nobody")
    for group_by in [(), ("model",)]:
        question = UsageQuestion(version, START, None, group_by=group_by, by_subject=by_subject, window=window)
        found, _ = _statements(question, customers)
        for customer in customers:
            alone = question.rows(customer_spans(customer_id=customer.pk), by_subject=by_subject)
            together = [usage.row for usage in found if usage.customer_id == customer.pk]
            key = lambda row: (row.window_start, row.subject or "", *row.group.values())  # noqa: E731
            assert sorted(together, key=key) == sorted(alone, key=key)
        roll_up()


@pytest.mark.parametrize(
    ("aggregation", "by_subject", "statements"),
    [
        (Aggregation.SUM, False, 1),
        (Aggregation.COUNT, False, 1),
        (Aggregation.MIN, False, 1),
        (Aggregation.MAX, False, 1),
        (Aggregation.AVG, False, 2),  # all that have one subject, and the one that has two
        (Aggregation.LATEST, False, 2),
        (Aggregation.UNIQUE_COUNT, False, 2),
        (Aggregation.UNIQUE_COUNT, True, 1),
    ],
)
def test_it_takes_few_statements(aggregation, by_subject, statements):
    version = _meter(aggregation).current_version
    customers = [_customer(f"customer-{number}") for number in range(9)] + [_customer("two", "two-a")]
    found, asked = _statements(UsageQuestion(version, START, None, by_subject=by_subject), customers)
    assert (found, asked) == ([], statements)


def test_it_tells_how_many_customers_are_answered():
    version = _meter(Aggregation.AVG).current_version
    customers = [_customer("one"), _customer("two", "two-a"), _customer("three")]
    noted = []
    usage_by_customer(UsageQuestion(version), [customer.pk for customer in customers], note=noted.append)
    assert noted == [2, 1]
