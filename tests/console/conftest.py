"""The console's tests act as an operator who may do everything."""

import pytest

from tests.console import world
from tests.factories import UserFactory


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def operator(db):
    return UserFactory(operator=True, email="operator@billing.example")


@pytest.fixture
def console(client, operator):
    client.force_login(operator)
    return client


@pytest.fixture
def try_out(db):
    """See `world.try_out`."""
    return world.try_out()
