"""The database that a command finds: reachable, new enough, and with the tables of this version."""

import psycopg
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

OLDEST_VERSION = 16


class UnusableDatabase(Exception):
    """The database can't be used; the message is one sentence for the operator."""


def check_external_database() -> None:
    """
    Connect once to the database of DATABASE_URL.

    :raises UnusableDatabase: if it can't be reached or is too old.
    """
    try:
        connection.ensure_connection()
        version = connection.connection.info.server_version
    except (OperationalError, psycopg.Error) as error:
        raise _unreachable(error) from None
    finally:
        connection.close()
    refuse_old_version(version)


def check_migrations() -> None:
    """
    Look whether the tables are those of this version, before a command that needs them.

    :raises UnusableDatabase: if some migration has not run, or the database can't be reached.
    """
    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        raise _unreachable(error) from None
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise UnusableDatabase("The database is not prepared: run manage.py migrate, or manage.py serve, which does.")


def _unreachable(error: Exception) -> UnusableDatabase:
    settings = connection.settings_dict
    place = f"{settings['NAME']} at {settings['HOST'] or 'the local socket'}"
    reason = str(error).strip().splitlines()[-1].strip()
    return UnusableDatabase(f"The database {place} can't be reached, check DATABASE_URL: {reason}")


def refuse_old_version(server_version: int) -> None:
    """
    Refuse a server by its version number, as libpq writes it (160014 for 16.14).

    :raises UnusableDatabase: if its major version is below 16.
    """
    major = server_version // 10_000
    if major < OLDEST_VERSION:
        raise UnusableDatabase(
            f"The database server is PostgreSQL {major}, and {OLDEST_VERSION} or newer is needed: upgrade it, "
            "or unset DATABASE_URL to use the embedded one."
        )
