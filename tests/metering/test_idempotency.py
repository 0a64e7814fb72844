"""Every creating POST but events may be sent again with its `Idempotency-Key`."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory

from metering.api.base import ApiView
from metering.errors import DomainError
from metering.idempotency import idempotent
from metering.models import Customer, IdempotencyKey, Meter
from metering.services.customers import create_customer
from tests.factories import START, ApiKeyFactory, SubjectFactory
from tests.metering.locks import wait_until_waiting

URL = "/api/v1/customers"
ACME = {"name": "Acme", "key": "acme"}


def _post(client, body=None, key="k-1", url=URL, **headers):
    return client.post(url, body or ACME, format="json", headers={"Idempotency-Key": key, **headers})


@pytest.mark.parametrize("url", [URL, "/api/v1/meters"])
def test_it_creates_once_and_answers_the_same_again(api, url):
    body = ACME if url == URL else {"slug": "calls", "eventType": "call", "aggregation": "COUNT"}
    first, second = _post(api, body, url=url), _post(api, body, url=url)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second["Content-Type"] == "application/json"
    assert Customer.objects.count() + Meter.objects.count() == 1


def test_it_knows_the_same_body_by_its_meaning(api):
    headers = {"content_type": "application/json", "headers": {"Idempotency-Key": "k-1"}}
    first = api.generic("POST", URL, b'{"name":"Acme","key":"acme"}', **headers)
    assert api.generic("POST", URL, b'{ "key": "acme", "name": "Acme" }', **headers).content == first.content


@pytest.mark.parametrize(("url", "body"), [(URL, {"name": "Other", "key": "acme"}), ("/api/v1/meters", ACME)])
def test_it_refuses_the_key_for_another_request(api, url, body):
    _post(api)
    response = _post(api, body, url=url)
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert "used for another request" in response.json()["detail"]
    assert Customer.objects.count() == 1


def test_it_creates_twice_with_two_keys_or_none(api):
    assert _post(api, {"name": "Acme", "key": "a"}, key="k-1").status_code == 201
    assert _post(api, {"name": "Acme", "key": "b"}, key="k-2").status_code == 201
    assert [_post(api, {"name": "Acme", "key": str(n)}, key="  ").status_code for n in (1, 2)] == [201, 201]
    assert IdempotencyKey.objects.count() == 2


def test_it_keeps_the_keys_of_two_api_keys_apart(api):
    ApiKeyFactory(secret="bil_other")
    other = APIClient()
    other.credentials(HTTP_AUTHORIZATION="Bearer bil_other")
    assert _post(api).status_code == 201
    assert _post(other, {"name": "Other", "key": "other"}).status_code == 201


@pytest.mark.django_db
def test_it_holds_where_authentication_is_off(settings):
    settings.API_AUTH = "off"
    client = APIClient()
    first, second = _post(client), _post(client)
    assert second.content == first.content
    assert (Customer.objects.count(), IdempotencyKey.objects.get().api_key) == (1, None)


def test_it_forgets_a_request_that_failed(api):
    assert _post(api, {"name": "Acme"}).status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert _post(api).status_code == 201


def test_it_refuses_a_key_that_is_too_long(api):
    assert _post(api, key="k" * 256).status_code == 400
    assert not Customer.objects.exists()


class _Secrets(ApiView):
    @idempotent(has_secret=True)
    def post(self, request):
        return Response({"secret": "xyzzy"}, status=201)


def test_it_never_stores_nor_repeats_a_secret(api_key):
    def post():
        request = APIRequestFactory().post(
            "/secrets",
            {},
            format="json",
            HTTP_AUTHORIZATION="Bearer bil_secret_of_the_tests",
            HTTP_IDEMPOTENCY_KEY="k-1",
        )
        return _Secrets.as_view()(request)

    assert post().data == {"secret": "xyzzy"}
    again = post()
    assert again.status_code == 409
    assert b"xyzzy" not in again.content
    assert IdempotencyKey.objects.get().body == ""


# --- Two at once ---------------------------------------------------------------------------------------------------


def _post_in_thread(answers, body=None):
    def run():
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION="Bearer bil_secret_of_the_tests")
        try:
            answers.append(_post(client, body))
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first_fails", [False, True])
def test_it_waits_for_the_first_of_two_at_once(api, monkeypatch, first_fails):
    is_inside, may_end = threading.Event(), threading.Event()

    def slow(**kwargs):
        customer = create_customer(**kwargs)
        if not is_inside.is_set():
            is_inside.set()
            assert may_end.wait(30)
            if first_fails:
                raise DomainError("Not this time.")
        return customer

    monkeypatch.setattr("metering.api.customers.create_customer", slow)
    first, second = [], []
    threads = [_post_in_thread(first)]
    assert is_inside.wait(30)
    threads.append(_post_in_thread(second))
    wait_until_waiting()
    assert not second
    may_end.set()
    for thread in threads:
        thread.join(30)
    assert (Customer.objects.count(), IdempotencyKey.objects.count()) == (1, 1)
    assert second[0].status_code == 201
    assert second[0].json()["id"] == Customer.objects.get().ulid
    if first_fails:
        assert first[0].status_code == 400
    else:
        assert second[0].content == first[0].content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_known", [False, True])
def test_it_tells_requests_that_waited_whose_a_subject_is(api, is_known):
    if is_known:
        SubjectFactory(key="device")
    answers = []
    bodies = [{"name": name, "key": name, "usageAttribution": {"subjectKeys": ["device"]}} for name in ("a", "b")]
    with transaction.atomic():
        create_customer(name="First", key="first", subject_keys=["device"], at=START - timedelta(days=1))
        threads = [threading.Thread(target=_answer_without_key, args=(answers, body)) for body in bodies]
        for thread in threads:
            thread.start()
        wait_until_waiting(count=2)
    for thread in threads:
        thread.join(30)
    assert [answer.status_code for answer in answers] == [409, 409]
    assert all("Subject device belongs to customer First" in answer.json()["detail"] for answer in answers)
    assert Customer.objects.count() == 1


def _answer_without_key(answers, body):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer bil_secret_of_the_tests")
    try:
        answers.append(client.post(URL, body, format="json"))
    finally:
        connection.close()
