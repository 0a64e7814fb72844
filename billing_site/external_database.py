"""The server that DATABASE_URL names: reachable, and new enough."""

import psycopg
from django.db import connection
from django.db.utils import OperationalError

OLDEST_VERSION = 16


class UnusableDatabase(Exception):
    """The database can't be used; the message is one sentence for the operator."""


def check_external_database() -> None:
    """
    Connect once to the database of DATABASE_URL.

    :raises UnusableDatabase: if it can't be reached or is too old.
    """
    settings = connection.settings_dict
    place = f"{settings['NAME']} at {settings['HOST'] or 'the local socket'}"
    try:
        connection.ensure_connection()
        version = connection.connection.info.server_version
    except (OperationalError, psycopg.Error) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise UnusableDatabase(f"The database {place} can't be reached, check DATABASE_URL: {reason}") from None
    finally:
        connection.close()
    refuse_old_version(version)


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
