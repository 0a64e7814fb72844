"""The seven aggregations over HTTP: OpenMeter's own figures, exact, and what an empty range answers."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from metering.models import Aggregation
from metering.services.customers import create_customer
from metering.services.meters import create_meter
from tests.factories import START, EventFactory
from tests.metering.corrected import roll_up

pytestmark = pytest.mark.django_db
_exact = msgspec.json.Decoder(float_hook=Decimal)
EMPTY = {"from": "2026-02-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}


def _meter(aggregation, path="$.value", slug="measured"):
    return create_meter(
        slug=slug,
        event_type="request",
        aggregation=aggregation,
        value_property="" if aggregation == Aggregation.COUNT else path,
        group_by={"model": "$.model"},
        at=START,
    )


def _events():
    sent = [(123, 1), ("0.4567890123456789", "a"), (None, None)]
    for minute, (value, name) in enumerate(sent):
        EventFactory(time=START + timedelta(minutes=minute), data={"value": value, "name": name, "model": "large"})


def _rows(api, slug="measured", **asked):
    response = api.get(f"/api/v1/meters/{slug}/query", asked)
    assert response.status_code == 200, response.content
    return _exact.decode(response.content)["data"]


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [
        (Aggregation.SUM, "123.4567890123456789"),  # 123 + 0.4567890123456789
        (Aggregation.COUNT, "3"),
        (Aggregation.AVG, "61.72839450617283945"),  # 123.4567890123456789 / 2
        (Aggregation.MIN, "0.4567890123456789"),
        (Aggregation.MAX, "123"),
        (Aggregation.LATEST, "0.4567890123456789"),  # the last one has none
        (Aggregation.UNIQUE_COUNT, "2"),
    ],
)
def test_it_answers_with_all_digits(api, aggregation, value):
    _meter(aggregation)
    _events()
    for _ in range(2):
        assert [row["value"] for row in _rows(api)] == [Decimal(value)]
        assert [row["value"] for row in _rows(api, windowSize="HOUR")] == [Decimal(value)]
        assert [(row["groupBy"], row["value"]) for row in _rows(api, groupBy="model")] == [
            ({"model": "large"}, Decimal(value))
        ]
        roll_up()


def test_a_unique_count_takes_a_number_and_its_text_for_one(api):
    _meter(Aggregation.UNIQUE_COUNT, "$.name")
    _events()
    EventFactory(time=START, data={"name": "1"})
    assert [row["value"] for row in _rows(api)] == [2]  # 1 and "a"


@pytest.mark.parametrize("aggregation", Aggregation)
def test_an_empty_range_is_a_count_of_nothing_or_no_row(api, aggregation):
    counts = aggregation in (Aggregation.COUNT, Aggregation.UNIQUE_COUNT)
    _meter(aggregation)
    _events()
    rows = _rows(api, **EMPTY)
    assert [(row["value"], row["windowStart"], row["windowEnd"], row["subject"], row["groupBy"]) for row in rows] == (
        [(0, EMPTY["from"], EMPTY["to"], None, {})] if counts else []
    )
    customer = create_customer(name="Acme", key="acme", at=START)
    for grouped in [
        {"windowSize": "DAY"},
        {"groupBy": "model"},
        {"groupBy": "subject"},
        {"subject": "acme"},
        {"filterCustomerId": customer.ulid},
    ]:
        assert _rows(api, **EMPTY, **grouped) == []


def test_values_that_are_all_bad_are_a_unique_count_of_nothing(api):
    _meter(Aggregation.UNIQUE_COUNT, "$.value")
    EventFactory(time=START, data={"value": None})
    EventFactory(time=START, data={})
    assert [row["value"] for row in _rows(api)] == [0]


def test_csv_has_customers_and_groups_in_columns(api):
    _meter(Aggregation.AVG)
    acme = create_customer(name="Acme", key="subject", at=START)
    _events()
    asked = {"filterCustomerId": acme.ulid, "groupBy": ["model", "subject"], "windowSize": "MONTH"}
    response = api.get("/api/v1/meters/measured/query", asked, headers={"accept": "text/csv"})
    assert response.content.decode() == (
        "window_start,window_end,subject,customer_id,model,value\n"
        f"2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,subject,{acme.ulid},large,61.72839450617283945\n"
    )
    assert response["Content-Disposition"] == 'attachment; filename="measured.csv"'
    posted = api.post("/api/v1/meters/measured/query", {}, format="json", headers={"accept": "text/csv"})
    assert posted.content.decode().splitlines()[0] == "window_start,window_end,value"
