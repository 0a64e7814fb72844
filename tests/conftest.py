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


@pytest.fixture(scope="session")
def django_db_setup(request, django_test_environment, django_db_blocker):
    name = f"{databases.TEMPLATE_NAME}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    original = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        databases.prepare_template(keep=request.config.getvalue("reuse_db"))
        databases.create_copy(name)
        databases.use(name)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: databases.create_copy(name))
            yield
        databases.drop(name)
        databases.use(original)
