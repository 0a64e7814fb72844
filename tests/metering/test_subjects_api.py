import json
from urllib.parse import quote

import pytest

from metering.api import subjects
from metering.models import Subject, SubjectLink
from tests.factories import START, SubjectFactory, SubjectLinkFactory

URL = "/api/v1/subjects"
EVERYTHING = {
    "key": "acme",
    "displayName": "Acme",
    "metadata": {"tier": "gold", "seats": 3, "rate": 0.10000000000000000001, "tags": ["a", {"b": None}]},
    "currentPeriodStart": "2026-01-01T00:00:00Z",
    "currentPeriodEnd": "2026-02-01T00:00:00Z",
    "stripeCustomerId": "cus_123",
}


def _upsert(api, *records):
    return api.post(URL, records, format="json")


def test_it_writes_and_shows_subjects_in_openmeters_shape(api):
    response = _upsert(api, EVERYTHING, {"key": "globex"})
    assert response.status_code == 200
    first, second = response.json()
    assert set(first) == {*EVERYTHING, "id", "createdAt", "updatedAt"}
    assert {name: first[name] for name in EVERYTHING} == EVERYTHING
    assert set(second) == {"id", "key", "createdAt", "updatedAt"}
    assert sorted(api.get(URL).json(), key=lambda item: item["key"]) == [first, second]
    assert api.get(f"{URL}/acme").json() == api.get(f"{URL}/{first['id']}").json() == first


def test_it_keeps_every_digit_of_a_number_in_the_metadata(api):
    body = b'[{"key": "acme", "metadata": {"a": 0.12345678901234567890123, "b": 1e30}}]'
    response = api.post(URL, body, content_type="application/json")
    assert b'"a":0.12345678901234567890123' in response.content
    assert b'"a": 0.12345678901234567890123' in api.get(f"{URL}/acme").content.replace(b'":', b'": ')


def test_it_changes_only_what_is_sent(api):
    before = _upsert(api, EVERYTHING).json()[0]
    after = _upsert(api, {"key": "acme", "displayName": "Acme Ltd"}).json()[0]
    assert {**after, "updatedAt": before["updatedAt"]} == {**before, "displayName": "Acme Ltd"}
    assert Subject.objects.count() == 1


@pytest.mark.parametrize("name", ["displayName", "metadata", "currentPeriodEnd", "stripeCustomerId"])
def test_it_clears_what_is_sent_as_null(api, name):
    _upsert(api, EVERYTHING)
    shown = _upsert(api, {"key": "acme", name: None}).json()[0]
    assert set(EVERYTHING) - set(shown) == {name}


def test_it_writes_the_second_of_two_records_with_one_key_over_the_first(api):
    shown = _upsert(api, {"key": "a", "displayName": "1", "metadata": {"x": "y"}}, {"key": "a", "displayName": "2"})
    assert [(item["displayName"], item["metadata"]) for item in shown.json()] == [("2", {"x": "y"})] * 2


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({}, "$[1].key: "),
        ({"key": ""}, "$[1].key: "),
        ({"key": 7}, "$[1].key: "),
        ({"key": "a\0"}, "$[1].key: "),
        ({"key": "a", "metadata": "x"}, "$[1].metadata: "),
        ({"key": "a", "metadata": {"x": ["\0"]}}, "$[1].metadata: Remove the character"),
        ({"key": "a", "currentPeriodStart": "2026-01-01"}, "$[1].currentPeriodStart: "),
        ({"key": "a", "stripeCustomerId": "acme"}, "$[1].stripeCustomerId: "),
        ({**EVERYTHING, "currentPeriodEnd": "2026-01-01T00:00:00Z"}, "end after 2026-01-01"),
        ("a", "$[1]: "),
    ],
)
def test_it_names_the_record_that_is_wrong_and_writes_none(api, record, says):
    response = _upsert(api, {"key": "fine"}, record)
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert says in response.json()["detail"]
    assert not Subject.objects.exists()


@pytest.mark.parametrize("body", ["{}", '"acme"', "null", "[]", "5"])
def test_it_asks_for_an_array(api, body):
    response = api.post(URL, body, content_type="application/json")
    assert response.status_code == 400
    assert "Send a JSON array" in response.json()["detail"]


@pytest.mark.parametrize("value", ["1e200000", "[" * 100 + "]" * 100])
def test_it_refuses_what_the_database_cannot_hold_or_nobody_could_read(api, value):
    response = api.post(URL, f'[{{"key": "a", "metadata": {{"x": {value}}}}}]', content_type="application/json")
    assert (response.status_code, Subject.objects.exists()) == (400, False)


@pytest.mark.parametrize(
    "key", ["a b/c", "/", "a//b/", "user+1@acme.example", "ünï", "[x]", "a?b#c", "100%", "x" * 3000]
)
def test_it_finds_a_subject_by_any_key(api, key):
    made = _upsert(api, {"key": key}).json()[0]
    assert api.get(f"{URL}/{quote(key, safe='')}").json() == made
    assert api.delete(f"{URL}/{quote(key, safe='')}").status_code == 204


def test_it_prefers_the_id_where_it_is_the_key_of_another_too(api):
    first = SubjectFactory()
    SubjectFactory(key=first.ulid)
    assert api.get(f"{URL}/{first.ulid}").json()["id"] == first.ulid


def test_it_says_which_subject_there_is_not(api):
    for response in (api.get(f"{URL}/nobody"), api.delete(f"{URL}/nobody")):
        assert response.status_code == 404
        assert "There is no subject nobody" in response.json()["detail"]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_it_lists_all_subjects_oldest_first_however_many_there_are(api, monkeypatch, count):
    monkeypatch.setattr(subjects, "_PART", 2)
    made = [SubjectFactory(key=f"{9 - number}") for number in range(count)]
    SubjectFactory(deleted_at=START)
    response = api.get(URL)
    assert (response.status_code, response["Content-Type"], response.streaming) == (200, "application/json", count >= 2)
    listed = json.loads(response.getvalue())
    assert [item["key"] for item in listed] == [subject.key for subject in made]
    assert listed[:1] == [api.get(f"{URL}/{subject.key}").json() for subject in made[:1]]


def test_it_deletes_a_subject_once_and_lets_it_come_back_blank(api):
    made = _upsert(api, EVERYTHING).json()[0]
    assert [api.delete(f"{URL}/{name}").status_code for name in ("acme", "acme", made["id"])] == [204, 204, 204]
    assert api.get(URL).json() == []
    assert api.get(f"{URL}/acme").status_code == 404
    assert "deletedAt" in api.get(f"{URL}/{made['id']}").json()
    again = _upsert(api, {"key": "acme"}).json()[0]
    assert (again["id"], set(again)) == (made["id"], {"id", "key", "createdAt", "updatedAt"})


def test_it_keeps_a_subject_that_belongs_to_a_customer(api):
    subject = SubjectLinkFactory(subject__key="device", customer__name="Acme", customer__key="acme").subject
    response = api.delete(f"{URL}/device")
    assert response.status_code == 409
    assert "belongs to customer Acme (acme)" in response.json()["detail"]
    subject.refresh_from_db()
    assert subject.deleted_at is None


def test_it_deletes_a_subject_that_belonged_to_a_customer_and_keeps_the_link(api):
    link = SubjectLinkFactory(subject__key="device", to_at=START)
    assert api.delete(f"{URL}/device").status_code == 204
    assert SubjectLink.objects.get() == link


def test_it_lists_a_deleted_subject_again_when_a_customer_gets_it(api):
    SubjectFactory(key="device", deleted_at=START)
    api.post("/api/v1/customers", {"name": "A", "usageAttribution": {"subjectKeys": ["device"]}}, format="json")
    assert [item["key"] for item in api.get(URL).json()] == ["device"]
