"""Portal tokens: made, listed and invalidated by services with an API key."""

from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.test import APIClient

from metering.models import PortalToken, Scope
from metering.services.portal_tokens import find_portal_token
from tests.factories import ApiKeyFactory, MeterVersionFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/portal/tokens"
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(time_machine):
    time_machine.move_to(NOW, tick=False)


def _create(api, **body):
    return api.post(URL, {"subject": "acme", **body}, format="json")


def test_it_makes_a_token_that_lives_for_an_hour(api):
    response = _create(api)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    body = response.json()
    assert set(body) == {"id", "subject", "token", "createdAt", "expiresAt", "expired"}
    assert (body["subject"], body["expired"]) == ("acme", False)
    assert (body["createdAt"], body["expiresAt"]) == ("2026-01-05T12:00:00Z", "2026-01-05T13:00:00Z")
    stored = PortalToken.objects.get()
    assert (stored.ulid, find_portal_token(body["token"], at=NOW)) == (body["id"], stored)
    assert body["token"].encode() not in bytes(stored.secret_hash)


def test_it_makes_a_token_for_some_meters_until_a_time(api):
    MeterVersionFactory(meter__slug="tokens")
    body = _create(api, allowedMeterSlugs=["tokens", "tokens"], expiresAt="2026-02-01T00:00:00Z").json()
    assert (body["allowedMeterSlugs"], body["expiresAt"]) == (["tokens"], "2026-02-01T00:00:00Z")


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"subject": ""}, 400, "subject: "),
        ({"subject": None}, 400, "subject: "),
        ({"subject": "a\0"}, 400, "subject: "),
        ({"allowedMeterSlugs": []}, 400, "at least one meter"),
        ({"allowedMeterSlugs": ["tokens", "nothing"]}, 404, "There is no meter nothing"),
        ({"allowedMeterSlugs": ["gone"]}, 404, "There is no meter gone"),
        ({"allowedMeterSlugs": "tokens"}, 400, "allowedMeterSlugs: "),
        ({"expiresAt": "2026-01-05T12:00:00Z"}, 400, "in the future"),
        ({"expiresAt": "2026-01-06"}, 400, "expiresAt: "),
    ],
)
def test_it_refuses_a_token_that_would_show_nothing(api, body, status, says):
    MeterVersionFactory(meter__slug="tokens")
    MeterVersionFactory(meter__slug="gone", meter__deleted_at=NOW)
    response = _create(api, **body)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert says in response.json()["detail"]
    assert not PortalToken.objects.exists()


def test_it_lists_the_newest_without_their_secrets(api, time_machine):
    made = [_create(api, subject=f"s{number}").json() for number in range(3)]
    time_machine.move_to(NOW + timedelta(hours=1), tick=False)
    shown = [{**token, "expired": True} for token in reversed(made)]
    for token in shown:
        del token["token"]
    assert api.get(URL).json() == shown
    assert api.get(URL, {"limit": 1}).json() == shown[:1]
    assert [api.get(URL, {"limit": limit}).status_code for limit in (0, 101, "x")] == [400] * 3


def test_it_invalidates_one_token_or_all_of_a_subject(api):
    first, second, third = (_create(api).json() for _ in range(3))
    other = _create(api, subject="globex").json()
    assert api.post(f"{URL}/invalidate", {"id": first["id"]}, format="json").status_code == 204
    assert {token["id"] for token in api.get(URL).json()} == {second["id"], third["id"], other["id"]}
    assert api.post(f"{URL}/invalidate", {"subject": "acme"}, format="json").status_code == 204
    assert [token["id"] for token in api.get(URL).json()] == [other["id"]]
    found = [find_portal_token(token["token"], at=NOW) is not None for token in (first, second, third, other)]
    assert found == [False, False, False, True]


@pytest.mark.parametrize("body", [{"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, {"subject": "nobody"}])
def test_invalidating_what_is_not_there_changes_nothing(api, body):
    _create(api)
    assert api.post(f"{URL}/invalidate", body, format="json").status_code == 204
    assert PortalToken.objects.filter(invalidated_at=None).count() == 1


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": "a", "subject": "b"}, {"subject": ""}])
def test_it_asks_which_tokens_are_meant(api, body):
    _create(api)
    assert api.post(f"{URL}/invalidate", body, format="json").status_code == 400
    assert PortalToken.objects.filter(invalidated_at=None).count() == 1


def test_it_shows_a_secret_once_even_where_the_request_is_repeated(api):
    headers = {"Idempotency-Key": "one"}
    assert api.post(URL, {"subject": "acme"}, format="json", headers=headers).status_code == 200
    again = api.post(URL, {"subject": "acme"}, format="json", headers=headers)
    assert (again.status_code, "shown once" in again.json()["detail"]) == (409, True)
    assert PortalToken.objects.count() == 1


def test_it_asks_for_a_key_that_may_write(api):
    client = APIClient()
    assert client.post(URL, {"subject": "acme"}, format="json").status_code == 401
    ApiKeyFactory(secret="bil_reader", scopes=[Scope.READ])
    client.credentials(HTTP_AUTHORIZATION="Bearer bil_reader")
    assert client.get(URL).status_code == 200
    for path in ["", "/invalidate"]:
        assert client.post(URL + path, {"subject": "acme"}, format="json").status_code == 403
    assert not PortalToken.objects.exists()
