"""`manage.py bill`: do a billing run now, and say what came of it."""

import threading
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django.db.models import Count, Sum

from billing_site.management.base import DatabaseCommand
from invoicing.anomalies import WORDS
from invoicing.models import BillingRun, Invoice
from invoicing.queries.anomalies import NotableBill, RunPreview, notable_bills
from invoicing.services.billing_run import preview_billing, rerun_customer, run_billing
from metering import clock
from metering.history import actor
from metering.models import Customer

_PROGRESS_SECONDS = 5.0


class Command(DatabaseCommand):
    help = "Invoice everything that has come due, and collect payment. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--as-of",
            type=_time,
            help="Bill up to this time instead of now, such as 2026-02-01T00:00:00Z; test clocks stay as they are.",
        )
        parser.add_argument(
            "--customer", help="Bill this customer alone, named by key or id; one who is parked is released first."
        )
        parser.add_argument("--workers", type=int, default=1, help="How many customers to bill at once.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Write nothing: say what would be billed, and what is unusual of it."
        )

    def handle(
        self,
        *args: Any,
        as_of: datetime | None,
        customer: str | None,
        workers: int,
        dry_run: bool,
        **options: Any,
    ) -> None:
        now = clock.now()
        if as_of is not None and as_of > now:
            raise CommandError(f"Choose a time for --as-of that has passed: it is {now.isoformat()} now.")
        if workers < 1:
            raise CommandError("Choose one worker or more for --workers.")
        chosen = None if customer is None else _customer_id(customer)
        if dry_run:
            self._preview(preview_billing(now=as_of or now, customer_ids=None if chosen is None else [chosen]))
            return
        with actor(kind="system", name="manage.py bill", reason="Bill what has come due"), self._progress():
            if chosen is None:
                run = run_billing(now=as_of or now, workers=workers)
            else:
                run = rerun_customer(customer_id=chosen, now=as_of or now)
        self._report(run)
        if run.failures:
            raise CommandError(f"{len(run.failures)} failures; the reasons are above.")

    def _preview(self, preview: RunPreview) -> None:
        self.stdout.write(
            f"Would bill {len(preview.bills)} invoices of {preview.customers} customers; nothing was written."
        )
        for currency, total in preview.totals.items():
            self.stdout.write(f"  {total:>20f} {currency} before tax")
        self._anomalies(preview.notable)
        for customer, reason in preview.failures:
            self.stdout.write(f"Cannot be billed: {customer.name}: {reason}")

    def _anomalies(self, bills: Iterable[NotableBill]) -> None:
        for bill in bills:
            words = ", ".join(WORDS[anomaly] for anomaly in bill.anomalies)
            when = f"{bill.billed_at:%Y-%m-%d}"
            self.stdout.write(f"  {bill.customer.name}, {when}: {bill.total:f} {bill.currency}: {words}")

    def _report(self, run: BillingRun) -> None:
        self.stdout.write(
            f"Looked at {run.customers} customers as of {run.as_of.isoformat()}, up to batch {run.bound}."
        )
        self.stdout.write(f"Wrote {run.invoices} invoices.")
        written = Invoice.objects.filter(run=run).values("currency", "status")
        for row in written.annotate(count=Count("pk"), amount=Sum("total")).order_by("currency", "status"):
            self.stdout.write(f"  {row['count']:>6} {row['status']:<28} {row['amount']:>16f} {row['currency']}")
        self._anomalies(notable_bills(run))
        names = dict(Customer.objects.filter(pk__in=_failed(run)).values_list("pk", "name"))
        for failure in run.failures:
            self.stdout.write(f"Not billed: {names[failure['customer_id']]}: {failure['reason']}")

    @contextmanager
    def _progress(self) -> Iterator[None]:
        """Say every few seconds, beside a long run, how far it is."""
        finished = threading.Event()

        def report() -> None:
            while not finished.wait(_PROGRESS_SECONDS):
                run = BillingRun.objects.filter(finished_at=None).order_by("pk").last()
                if run is None:
                    continue
                self.stderr.write(
                    f"... {run.done} of {run.customers} customers, {run.invoices} invoices, {len(run.failures)} failed"
                )
            connection.close()

        thread = threading.Thread(target=report, daemon=True)
        thread.start()
        try:
            yield
        finally:
            finished.set()
            thread.join()


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ArgumentTypeError(f"write a time with its zone, such as 2026-02-01T00:00:00Z, not {text!r}")
    return time


def _customer_id(text: str) -> int:
    found = Customer.objects.live().by_id_or_key(text).values_list("pk", flat=True).first()
    if found is None:
        raise CommandError(f"Name a customer by key or id: there is none called {text!r}.")
    return found


def _failed(run: BillingRun) -> list[int]:
    return [failure["customer_id"] for failure in run.failures]
