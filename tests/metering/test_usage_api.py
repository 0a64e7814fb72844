from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from metering.services.customers import create_customer
from metering.services.meters import create_meter
from tests.factories import START, EventFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/meters/tokens/query"
_exact = msgspec.json.Decoder(float_hook=Decimal)


@pytest.fixture
def tokens():
    return create_meter(
        slug="tokens",
        event_type="request",
        aggregation="SUM",
        value_property="$.tokens",
        group_by={"model": "$.model", "region": "$.region"},
        at=START,
    )


def _event(tokens, *, subject="acme", hours=0.0, **data):
    EventFactory(subject=subject, time=START + timedelta(hours=hours), data={"tokens": tokens, **data})


def _data(response):
    assert response.status_code == 200, response.content
    return _exact.decode(response.content)["data"]


def test_it_answers_in_openmeters_shape_with_all_digits(api, tokens):
    _event("0.1000000000000000055", hours=1)
    _event("123456789012345678901234567890", hours=2)
    response = api.get(URL)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert _exact.decode(response.content) == {
        "data": [
            {
                # 123456789012345678901234567890 + 0.1000000000000000055
                "value": Decimal("123456789012345678901234567890.1000000000000000055"),
                "windowStart": "2026-01-01T01:00:00Z",
                "windowEnd": "2026-01-01T02:01:00Z",
                "subject": None,
                "groupBy": {},
            }
        ]
    }


def test_it_echoes_what_was_asked(api, tokens):
    asked = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00.000Z", "windowSize": "DAY"}
    body = api.get(URL, asked).json()
    assert body == {"from": asked["from"], "to": "2026-01-02T00:00:00Z", "windowSize": "DAY", "data": []}


def test_it_starts_at_from_and_ends_before_to(api, tokens):
    for hours, amount in [(0, 1), (1, 10), (2, 100)]:
        _event(amount, hours=hours)
    rows = _data(api.get(URL, {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T02:00:00Z"}))
    assert [(row["value"], row["windowStart"], row["windowEnd"]) for row in rows] == [
        (11, "2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z")  # 1 + 10
    ]


@pytest.mark.parametrize(
    ("size", "starts"),
    [
        ("MINUTE", ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-01-02T00:00:00Z"]),
        ("HOUR", ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-01-02T00:00:00Z"]),
        ("DAY", ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
        ("MONTH", ["2026-01-01T00:00:00Z"]),
    ],
)
def test_it_cuts_windows_of_each_size(api, tokens, size, starts):
    for hours in [0, 1, 24]:
        _event(1, hours=hours)
    assert [row["windowStart"] for row in _data(api.get(URL, {"windowSize": size}))] == starts


def test_it_cuts_days_in_the_zone_that_is_asked_for(api, tokens):
    create = {"tokens": 1}
    # Los Angeles moves to summer time on 8 March 2026: that day has 23 hours.
    for at in [datetime(2026, 3, 8, 7, 59, tzinfo=UTC), datetime(2026, 3, 8, 8, tzinfo=UTC)]:
        EventFactory(time=at, data=create)
    rows = _data(api.get(URL, {"windowSize": "DAY", "windowTimeZone": "America/Los_Angeles"}))
    assert [(row["windowStart"], row["windowEnd"]) for row in rows] == [
        ("2026-03-07T08:00:00Z", "2026-03-08T08:00:00Z"),
        ("2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z"),
    ]


def test_it_groups_by_keys_of_the_meter(api, tokens):
    _event(1, model="large", region="eu")
    _event(2, model="large", region="us")
    _event(4, model="small")
    rows = _data(api.get(URL, {"groupBy": ["model", "region"]}))
    assert [(row["groupBy"], row["value"]) for row in rows] == [
        ({"model": "large", "region": "eu"}, 1),
        ({"model": "large", "region": "us"}, 2),
        ({"model": "small", "region": ""}, 4),
    ]


def test_it_filters_by_subjects_and_groups_by_them(api, tokens):
    for subject, amount in [("a", 1), ("b", 2), ("c", 4)]:
        _event(amount, subject=subject)
    rows = _data(api.get(URL, {"subject": ["a", "b"]}))
    assert [(row["subject"], row["value"]) for row in rows] == [("b", 2), ("a", 1)]
    assert len(_data(api.get(URL, {"groupBy": ["subject"]}))) == 3


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("filterGroupBy[model]=large", 3),  # 1 + 2
        ("filterGroupBy[model]=large&filterGroupBy[region]=us", 2),
        ("filterGroupBy%5Bmodel%5D=large&filterGroupBy%5Bmodel%5D=small", 7),  # 1 + 2 + 4
        ("filterGroupBy=%7B%27model%27%3A+%27large%27%7D", 7),  # as the Python SDK sends it: ignored, as OpenMeter does
    ],
)
def test_it_filters_by_group(api, tokens, query, value):
    _event(1, model="large", region="eu")
    _event(2, model="large", region="us")
    _event(4, model="small")
    assert [row["value"] for row in _data(api.get(f"{URL}?{query}"))] == [value]


def test_it_adds_up_all_subjects_of_a_customer(api, tokens):
    acme = create_customer(name="Acme", key="acme", subject_keys=["acme-1"], at=START)
    globex = create_customer(name="Globex", key="globex", at=START)
    for subject, amount in [("acme", 1), ("acme-1", 2), ("globex", 4), ("nobody", 8)]:
        _event(amount, subject=subject)
    rows = _data(api.get(URL, {"filterCustomerId": [acme.ulid, globex.ulid]}))
    assert [(row["customerId"], row["value"], row["subject"]) for row in rows] == [
        (acme.ulid, 3, None),  # 1 + 2
        (globex.ulid, 4, None),
    ]
    by_subject = _data(api.get(URL, {"filterCustomerId": acme.ulid, "groupBy": ["customer_id", "subject"]}))
    assert [(row["customerId"], row["subject"], row["value"]) for row in by_subject] == [
        (acme.ulid, "acme-1", 2),
        (acme.ulid, "acme", 1),
    ]


def test_it_takes_the_same_parameters_as_a_body(api, tokens):
    _event(1, model="large")
    _event(2, model="small")
    body = {"from": "2026-01-01T00:00:00Z", "groupBy": ["model"], "filterGroupBy": {"model": ["small"]}}
    rows = _data(api.post(URL, body, format="json"))
    assert [(row["groupBy"], row["value"]) for row in rows] == [({"model": "small"}, 2)]


def test_it_counts_nothing_as_zero_where_nothing_is_grouped(api):
    create_meter(slug="calls", event_type="request", aggregation="COUNT", group_by={"model": "$.model"}, at=START)
    url = "/api/v1/meters/calls/query"
    zero = {"value": 0, "subject": None, "groupBy": {}}
    assert _data(api.get(url)) == [{**zero, "windowStart": "1970-01-01T00:00:00Z", "windowEnd": "1970-01-01T00:01:00Z"}]
    asked = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    assert _data(api.get(url, asked)) == [{**zero, "windowStart": asked["from"], "windowEnd": asked["to"]}]
    for grouped in [{"groupBy": "model"}, {"windowSize": "DAY"}, {"subject": "acme"}]:
        assert _data(api.get(url, grouped)) == []
    _event(None)
    _event("not a number")
    assert [row["value"] for row in _data(api.get(url))] == [2]


def test_it_answers_csv(api, tokens):
    _event("1.5", subject="a,b", hours=1, model="large")
    _event("0.123456789", subject="c", hours=1, model="small")
    asked = {"groupBy": ["subject", "model"], "windowSize": "HOUR"}
    response = api.get(URL, asked, headers={"accept": "text/csv"})
    assert (response.status_code, response["Content-Type"]) == (200, "text/csv")
    assert response.content.decode() == (
        "window_start,window_end,subject,model,value\n"
        '2026-01-01T01:00:00Z,2026-01-01T02:00:00Z,"a,b",large,1.500000\n'
        "2026-01-01T01:00:00Z,2026-01-01T02:00:00Z,c,small,0.123456789\n"
    )


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", 400, "to: The end has to be after the start"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 400, "to: The end has to be after the start"),
        ("from=2026-01-02T00:00:00", 400, "from: Write the time with an offset"),
        ("from=yesterday", 400, "from: "),
        ("windowSize=WEEK", 400, "windowSize: "),
        ("windowSize=DAY&windowTimeZone=Mars/Olympus", 400, "no time zone Mars/Olympus"),
        ("windowTimeZone=../../etc/passwd", 400, "no time zone"),
        ("groupBy=colour", 400, "cannot be grouped by colour"),
        ("groupBy=customer_id", 400, "filterCustomerId"),
        ("filterGroupBy[colour]=red", 400, "no group colour"),
        ("subject=", 400, "subject[0]: "),
        ("subject=%00", 400, "null character"),
        ("filterCustomerId=01ARZ3NDEKTSV4RRFFQ69G5FAV", 404, "no customer with the id 01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/csv", "*/*"])
def test_it_says_what_is_wrong_with_a_query(api, tokens, query, status, says, accept):
    response = api.get(f"{URL}?{query}", headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert says in response.json()["detail"]


def test_it_names_the_meter_there_is_not(api):
    response = api.get(URL)
    assert response.status_code == 404
    assert "There is no meter tokens" in response.json()["detail"]
