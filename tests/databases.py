"""The databases of a test run: one migrated template, and for each process a copy of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

TEMPLATE_NAME = os.environ.get("TEST_DATABASE_NAME", "test_billing")
# Any number that nothing else on the server locks.
_TEMPLATE_LOCK = 774_120_001


def create_copy(name: str) -> None:
    """Replace database `name` by a fresh copy of the template, ending whoever is still connected to it."""
    with _server() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE_NAME)
            )
        )


def drop(name: str) -> None:
    with _server() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def use(name: str) -> None:
    """Point Django at database `name`."""
    connections.close_all()
    connection.settings_dict["NAME"] = name


def prepare_template(*, keep: bool) -> None:
    """
    Migrate the template once for all processes of this run; the first to get the lock does it.

    With `keep`, one of an earlier run will do.
    """
    run = os.environ["BILLING_TEST_RUN"]
    with _server() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
        found = server.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [TEMPLATE_NAME]
        ).fetchone()
        if found and found[0] and (keep or found[0] == run):
            return
        template = sql.Identifier(TEMPLATE_NAME)
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(template))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(template))
        use(TEMPLATE_NAME)
        call_command("migrate", verbosity=0, interactive=False)
        connections.close_all()
        server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(template, sql.Literal(run)))


@contextmanager
def _server() -> Iterator[psycopg.Connection]:
    connections.close_all()
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
        user=settings["USER"] or None,
        password=settings["PASSWORD"] or None,
        dbname="postgres",
        autocommit=True,
    ) as server:
        yield server
