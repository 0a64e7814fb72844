"""Pure: what is wrong with an invoice, as the invoice itself keeps it; one critical issue stops it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ulid import ULID


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong; `component` found it, and replaces its own issues only."""

    code: str
    message: str
    component: str
    severity: Severity = Severity.CRITICAL
    field: str = ""


def replaced(
    stored: Sequence[Mapping[str, Any]], *, component: str, found: Iterable[Issue], at: datetime
) -> list[Mapping[str, Any]]:
    """Return the issues that an invoice stores, with those of one component as it finds them now."""
    others = [issue for issue in stored if issue["component"] != component]
    return [*others, *(_as_json(issue, at) for issue in found)]


def is_blocked(stored: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether one of the stored issues keeps the invoice from going on."""
    return any(issue["severity"] == Severity.CRITICAL for issue in stored)


def _as_json(issue: Issue, at: datetime) -> dict[str, Any]:
    time = at.isoformat()
    return {
        "id": str(ULID()),
        "severity": issue.severity.value,
        "code": issue.code,
        "component": issue.component,
        "field": issue.field,
        "message": issue.message,
        "createdAt": time,
        "updatedAt": time,
    }
