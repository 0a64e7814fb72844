"""Fixtures of the API tests."""

import psycopg
import pytest
from django.db import connection
from rest_framework.test import APIClient

from metering.authentication import forget_api_keys
from tests.factories import ApiKeyFactory


@pytest.fixture(autouse=True)
def _no_remembered_api_keys():
    forget_api_keys()
    yield
    forget_api_keys()


@pytest.fixture
def api_key(db):
    return ApiKeyFactory(name="tests", secret="bil_secret_of_the_tests")


@pytest.fixture
def api(api_key):
    """A client with an admin key; bodies are JSON."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer bil_secret_of_the_tests")
    return client


@pytest.fixture
def outsider():
    """A connection of another process, as it were; it commits each statement that stands outside BEGIN."""
    params = connection.get_connection_params()
    with psycopg.connect(**{**params, "cursor_factory": psycopg.Cursor, "context": None}, autocommit=True) as outsider:
        yield outsider
