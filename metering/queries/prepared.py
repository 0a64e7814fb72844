"""Statements that are asked so often, and answered so quickly, that planning them would take longest."""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection


def fetch_prepared(text: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """
    Return the rows of a SELECT of which a connection keeps the plan once it was asked a few times.

    The plan is made without looking at the parameters, so the statement has to leave the planner no choice that
    depends on them.
    """
    with _cursor() as cursor:
        cursor.execute(text, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _cursor() -> Any:
    # Django's own cursors put parameters into the text, which then is another one each time; but it is what they log.
    if connection.queries_logged:
        return connection.cursor()
    connection.ensure_connection()
    raw: Any = psycopg.Cursor(connection.connection)
    return connection.make_cursor(raw)
