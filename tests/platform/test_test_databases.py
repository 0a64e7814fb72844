"""The test databases themselves: a committed row of one test is never seen by another."""

import pytest
from django.db import connection

from metering.models import User


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_case", ["first", "second"])
def test_it_starts_from_the_migrated_database_after_a_test_that_committed(_case):
    assert User.objects.count() == 0
    User.objects.create(email="ops@acme.example")


@pytest.mark.django_db
def test_it_runs_on_the_embedded_server_or_the_one_named():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        assert cursor.fetchone()[0] >= 160000
