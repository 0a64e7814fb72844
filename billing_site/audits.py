"""Every invariant of every app, checked on the live data, for the command and for what operators read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.db.models.functions import Now

from invoicing.audit import CHECKS as INVOICING
from metering.audit import CHECKS as METERING
from metering.audit import Check, Finding, Scope
from metering.models import AuditRun
from pricing.audit import CHECKS as PRICING

CHECKS: tuple[Check, ...] = tuple(sorted((*METERING, *PRICING, *INVOICING), key=lambda check: check.invariant))
# More would not be read; the command names every one.
_KEPT = 1_000


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Read everything inside as of one moment, as events go on arriving; call it outside a transaction."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def run_checks(checks: Iterable[Check], scope: Scope, tell: Callable[[Finding], None]) -> list[tuple[Check, int]]:
    """Run checks on one snapshot, tell each finding, and return how many each check made."""
    counted = []
    with one_snapshot():
        for check in checks:
            count = 0
            for finding in check.find(scope):
                tell(finding)
                count += 1
            counted.append((check, count))
    return counted


def start_audit(*, at: datetime) -> AuditRun:
    """Note that an audit begins."""
    return AuditRun.objects.create(started_at=at)


def finish_audit(*, run_id: int, at: datetime, checks: Sequence[Check] = CHECKS) -> AuditRun:
    """
    Run every check and keep what it says; the error of one that cannot be run is kept too, and raised.

    Safe to repeat: a second run of the same audit replaces the first one's findings.
    """
    findings: list[Finding] = []
    found = AuditRun.objects.filter(pk=run_id)
    try:
        counted = run_checks(checks, Scope(at=at), findings.append)
    except Exception as error:
        found.update(error=f"{type(error).__name__}: {error}", finished_at=Now())
        raise
    found.update(
        checks=[[check.invariant, check.title, count] for check, count in counted],
        findings=[[finding.invariant, str(finding)] for finding in findings[:_KEPT]],
        finding_count=len(findings),
        error="",
        finished_at=Now(),
    )
    return found.get()
