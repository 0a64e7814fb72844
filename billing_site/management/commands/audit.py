"""`manage.py audit`: check every invariant on the live data, and name each offender."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from billing_site.audits import CHECKS, run_checks
from billing_site.management.base import DatabaseCommand
from metering import clock
from metering.audit import Check, Finding, Scope


class Command(DatabaseCommand):
    help = "Check that events, buckets, lines, invoices, payments and numbers agree; exit with 1 if any does not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--invariant",
            type=int,
            action="append",
            choices=sorted({check.invariant for check in CHECKS}),
            help="Check this invariant alone; give it more than once for several.",
        )

    def handle(self, *args: Any, invariant: list[int] | None, **options: Any) -> None:
        chosen = [check for check in CHECKS if invariant is None or check.invariant in invariant]
        scope = Scope(at=clock.now(), progress=self._say)
        counted = run_checks(chosen, scope, self._tell)
        self._report(counted)
        if total := sum(count for _, count in counted):
            raise CommandError(f"{total} findings; each is named above.")

    def _tell(self, finding: Finding) -> None:
        self.stdout.write(f"[{finding.invariant}] {finding}")

    def _report(self, counted: list[tuple[Check, int]]) -> None:
        width = max(len(check.title) for check, _ in counted)
        for check, count in counted:
            self.stdout.write(f"{check.invariant}  {check.title:<{width}}  {count or 'ok'}")

    def _say(self, text: str) -> None:
        self.stderr.write(f"... {text}")
