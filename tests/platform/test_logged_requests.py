"""What the terminal says of requests that are refused: nothing of a client's mistakes, unless INFO is asked for."""

import logging

import pytest

from tests.factories import ApiKeyFactory

pytestmark = pytest.mark.django_db


def logged(caplog):
    return [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "django.request"]


@pytest.mark.parametrize(
    ("path", "message"),
    [("/api/v1/none", "Not Found: /api/v1/none"), ("/api/v1/meters", "Unauthorized: /api/v1/meters")],
)
def test_a_refusal_of_the_api_is_logged_at_info(client, caplog, path, message):
    client.get(path)
    assert logged(caplog) == []
    with caplog.at_level(logging.INFO, "django.request"):
        client.get(path)
    assert logged(caplog) == [("INFO", message)]


def test_a_page_that_there_is_not_is_logged_as_a_warning(client, caplog):
    assert client.get("/nowhere/").status_code == 404
    assert logged(caplog) == [("WARNING", "Not Found: /nowhere/")]


def test_an_error_of_the_server_is_logged_as_one(client, caplog, monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr("metering.api.info.Currencies.get", fail)
    client.raise_request_exception = False
    ApiKeyFactory(secret="bil_secret")
    assert client.get("/api/v1/info/currencies", headers={"Authorization": "Bearer bil_secret"}).status_code == 500
    assert logged(caplog) == [("ERROR", "Internal Server Error: /api/v1/info/currencies")]
