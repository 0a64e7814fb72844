"""Jobs over all apps. Each takes ids, calls one service, and is safe to repeat."""

from billing_site.audits import finish_audit, start_audit
from metering import clock


def audit() -> None:
    at = clock.now()
    finish_audit(run_id=start_audit(at=at).pk, at=at)


def run_audit(*, run_id: int) -> None:
    finish_audit(run_id=run_id, at=clock.now())
