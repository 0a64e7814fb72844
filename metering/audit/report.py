"""The words in which every app's checks report."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection


@dataclass(frozen=True)
class Finding:
    """One offender against an invariant: what is wrong with it, what it should be and what it is."""

    invariant: int
    what: str
    offender: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.offender}: {self.what}; expected {self.expected}, found {self.actual}"


@dataclass(frozen=True)
class Scope:
    """What a check gets: the time of the audit, and where to say how far it is."""

    at: datetime
    progress: Callable[[str], None] = lambda text: None


@dataclass(frozen=True)
class Check:
    """One invariant, or a part of it, and the function that yields every offender."""

    invariant: int
    title: str
    find: Callable[[Scope], Iterator[Finding]]


def stream(sql: str, parameters: Any = None) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query without holding them all; run it inside a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        yield from cursor
