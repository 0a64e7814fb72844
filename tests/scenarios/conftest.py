"""What whole customer lives need: a client of the API, and a shop that sells tokens."""

import pytest
from rest_framework.test import APIClient

from metering.authentication import forget_api_keys
from tests.factories import ApiKeyFactory


@pytest.fixture
def api(db):
    """A client with an admin key; bodies are JSON."""
    forget_api_keys()
    ApiKeyFactory(secret="bil_secret_of_the_tests")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer bil_secret_of_the_tests")
    yield client
    forget_api_keys()
