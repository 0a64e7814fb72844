"""`manage.py audit`: check every invariant on the live data, and name each offender."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction

from billing_site.management.base import DatabaseCommand
from invoicing.audit import CHECKS as INVOICING
from metering import clock
from metering.audit import CHECKS as METERING
from metering.audit import Check, Scope
from pricing.audit import CHECKS as PRICING

CHECKS: tuple[Check, ...] = tuple(sorted((*METERING, *PRICING, *INVOICING), key=lambda check: check.invariant))


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
        # One snapshot for all checks: events go on arriving meanwhile.
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            counts = [self._run(check, scope) for check in chosen]
        self._report(chosen, counts)
        if any(counts):
            raise CommandError(f"{sum(counts)} findings; each is named above.")

    def _run(self, check: Check, scope: Scope) -> int:
        count = 0
        for finding in check.find(scope):
            self.stdout.write(f"[{finding.invariant}] {finding}")
            count += 1
        return count

    def _report(self, chosen: list[Check], counts: list[int]) -> None:
        width = max(len(check.title) for check in chosen)
        for check, count in zip(chosen, counts, strict=True):
            self.stdout.write(f"{check.invariant}  {check.title:<{width}}  {count or 'ok'}")

    def _say(self, text: str) -> None:
        self.stderr.write(f"... {text}")
