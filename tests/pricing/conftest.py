"""Fixtures of pricing's API tests."""

from datetime import UTC, datetime

import pytest
from rest_framework.test import APIClient

from metering.authentication import forget_api_keys
from tests.factories import ApiKeyFactory

# Fixed, so that every time in an answer is known.
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_remembered_api_keys():
    forget_api_keys()
    yield
    forget_api_keys()


@pytest.fixture
def api(db):
    """A client with an admin key; bodies are JSON."""
    ApiKeyFactory(name="tests", secret="bil_secret_of_the_tests")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer bil_secret_of_the_tests")
    return client


@pytest.fixture
def set_now(monkeypatch):
    """Let it be a time for the API, at first 10 January 2026 at noon."""

    def now_is(at):
        def now(customer=None):
            return customer.test_clock.now_at if customer and customer.test_clock else at

        monkeypatch.setattr("metering.clock.now", now)

    now_is(NOW)
    return now_is
