"""
Fixtures for every test: the databases, and the real server for end-to-end tests.

Every test starts from the migrated database, with the rows that migrations and `post_migrate` make. An ordinary test
is rolled back; one marked `django_db(transaction=True)` gets the database replaced by a fresh copy afterwards, so it
may commit, truncate, and leave connections of threads or processes behind.
"""

import os

import pytest
from django.db import connection
from django.test import TransactionTestCase

from tests import databases
from tests.live_server import LiveServer, make_data_dir, remove_data_dir


@pytest.fixture(scope="session")
def django_db_setup(request, django_test_environment, django_db_blocker):
    name = f"{databases.TEMPLATE_NAME}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    original = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        databases.prepare_template(keep=request.config.getvalue("reuse_db"))
        databases.create_copy(name)
        databases.use(name)
    # Blocked again here, so that a test that forgets its mark fails instead of leaving rows behind.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: databases.create_copy(name))
        yield
    with django_db_blocker.unblock():
        databases.drop(name)
        databases.use(original)


@pytest.fixture
def data_dir():
    """A new data folder, removed afterwards."""
    folder = make_data_dir()
    yield folder
    remove_data_dir(folder)


@pytest.fixture(scope="session")
def spare_data_dir():
    """
    A data folder for tests that start servers of their own, one after the other.

    They share it so that only the first start has to make and migrate a database.
    """
    folder = make_data_dir()
    yield folder
    remove_data_dir(folder)


@pytest.fixture(scope="session")
def live_billing():
    """
    The real server with a database of its own, started once for each test process and shared by its tests.

    It has `url`, `api_key` (admin), `request(path, body)`, `manage(command, ...)` and `log`; what a test writes there
    stays, so tests use names of their own.
    """
    folder = make_data_dir()
    server = LiveServer(folder)
    try:
        yield server.start()
    finally:
        server.stop()
        remove_data_dir(folder)
