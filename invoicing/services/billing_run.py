"""The billing run: for every customer, write the invoices that should exist and do not, and move on those that wait."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from threading import Lock

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from invoicing.collection import collected_at
from invoicing.lifecycle import DRAFT, NUMBERED, UNFINISHED, InvoiceStatus
from invoicing.models import BillingRun, Invoice, ParkedCustomer
from invoicing.queries.anomalies import RunPreview, preview_run
from invoicing.queries.bills import Bill, price_bill
from invoicing.queries.due import Draft, Outlook, Readings, outlooks, read_usage, seal_of
from invoicing.queries.profiles import profile_of
from invoicing.queries.progress import spendings
from invoicing.queries.states import is_collected
from invoicing.services.drafts import collect_quantities, write_draft
from invoicing.services.invoices import mark_overdue
from invoicing.services.locks import lock_customer
from invoicing.services.parking import check_total, park_customer, reason_of, release_customer
from invoicing.services.progressive import bill_at_threshold
from invoicing.services.usage_changes import note_changes, settle_changes
from invoicing.services.walks import walk
from invoicing.services.workers import share_out
from metering.errors import DomainError
from metering.ingest.fence import current_bound
from metering.models import Customer
from metering.services.clocks import move_test_clock
from pricing.models import Subscription
from pricing.queries import current_period

logger = logging.getLogger(__name__)
# So many customers are read in a few queries, before those with something due are locked one by one.
_CHUNK = 200


class CannotAdvance(DomainError):
    """The customer's time cannot be moved."""

    status = 409
    code = "customer_time_cannot_be_moved"


@dataclass
class _Run:
    """A run and what came of it so far; several workers share it."""

    record: BillingRun
    accepts_any_total: bool = False
    done: int = 0
    invoices: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    failures: list[dict[str, object]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def outlooks(self, customer_ids: Sequence[int]) -> list[Outlook]:
        return outlooks(customer_ids, now=self.record.as_of, bound=self.record.bound)

    @property
    def failed(self) -> set[object]:
        return {failure["customer_id"] for failure in self.failures}

    def check(self, invoice: Invoice) -> None:
        if not self.accepts_any_total:
            check_total(invoice)

    def count(self, written: int, issued: Iterable[Invoice]) -> None:
        with self.lock:
            self.invoices += written
            for invoice in issued:
                currency = str(invoice.currency)
                self.totals[currency] = self.totals.get(currency, Decimal(0)) + invoice.total

    def save(self, *, done: int = 0, **changes: object) -> None:
        with self.lock:
            self.done += done
            BillingRun.objects.filter(pk=self.record.pk).update(
                done=self.done,
                invoices=self.invoices,
                totals={currency: f"{total:f}" for currency, total in sorted(self.totals.items())},
                failures=self.failures,
                **changes,
            )


def run_billing(
    *,
    now: datetime,
    customer_ids: Sequence[int] | None = None,
    workers: int = 1,
    accepts_any_total: bool = False,
) -> BillingRun:
    """
    Invoice everything that has come due by `now`, or by a customer's test clock, and move on the drafts that waited.

    One bound holds for the whole run. Each customer is billed in one transaction under a lock, so a second run, at once
    or later, changes nothing, and a run that was killed is finished by the next. A customer who cannot be billed, or
    whose bill is above the profile's largest total, is parked with the reason, and named in `failures`; the others go
    on. Parked customers are left out. `workers` share the customers. Call it outside a transaction.
    """
    # The fence comes first: every quantity has to be read in a later snapshot.
    bound = current_bound()
    note_changes(bound=bound)
    customers = _candidates(customer_ids)
    record = BillingRun.objects.create(as_of=now, bound=bound, started_at=Now(), customers=len(customers))
    run = _Run(record, accepts_any_total)
    size = min(_CHUNK, -(-len(customers) // workers)) or 1
    chunks = [customers[start : start + size] for start in range(0, len(customers), size)]
    share_out(lambda chunk: _bill_chunk(chunk, run), chunks, workers=workers)
    run.save(finished_at=Now())
    record.refresh_from_db()
    return record


def preview_billing(*, now: datetime, customer_ids: Sequence[int] | None = None) -> RunPreview:
    """Return what `run_billing` would write now, with what is unusual of it. Call it outside a transaction."""
    return preview_run(now=now, bound=current_bound(), customer_ids=_candidates(customer_ids))


def rerun_customer(*, customer_id: int, now: datetime, accepts_any_total: bool = False) -> BillingRun:
    """
    Release a parked customer and bill them at once; who still cannot be billed is parked again.

    With `accepts_any_total` somebody has looked at a bill that is above the profile's largest total. Call it outside a
    transaction.
    """
    release_customer(customer_id=customer_id, at=now)
    return run_billing(now=now, customer_ids=[customer_id], accepts_any_total=accepts_any_total)


def advance_test_clock(*, clock_id: int, to: datetime, at: datetime) -> BillingRun:
    """
    Move a test clock forward, bill all customers on it, and mark what is overdue by then; `at` is the real time.

    Call it outside a transaction.

    :raises ClockMovesForward: if it says that time, or a later one, already.
    """
    clock = move_test_clock(clock_id=clock_id, to=to, at=at)
    customer_ids = list(clock.customers.values_list("pk", flat=True))
    run = run_billing(now=at, customer_ids=customer_ids)
    mark_overdue(now=at, customer_ids=customer_ids)
    return run


def advance_to_period_end(*, customer_id: int, at: datetime) -> BillingRun:
    """
    Move a customer's test clock to when their current billing period is invoiced, and bill all customers on it.

    `at` is the real time.

    :raises CannotAdvance: if the customer has no test clock or no live subscription.
    """
    customer = Customer.objects.select_related("test_clock").get(pk=customer_id)
    clock = customer.test_clock
    if clock is None:
        raise CannotAdvance(f"Put {customer.name} on a test clock first: real time cannot be moved.")
    subscription = customer.subscriptions.live(clock.now_at).first()
    if subscription is None:
        raise CannotAdvance(f"Subscribe {customer.name} to a plan first: there is no period to end.")
    profile, ends_at = profile_of(customer), current_period(subscription, clock.now_at).end
    to = collected_at(profile.workflow.collection_anchor, customer.zone, ends_at) + profile.collection_interval
    return advance_test_clock(clock_id=clock.pk, to=to, at=at)


def _candidates(customer_ids: Sequence[int] | None) -> list[int]:
    waiting = {InvoiceStatus.GATHERING, *UNFINISHED} - NUMBERED
    customers = Customer.objects.filter(
        Q(Exists(Subscription.objects.filter(customer=OuterRef("pk"))))
        | Q(Exists(Invoice.objects.filter(customer=OuterRef("pk"), status__in=sorted(waiting)))),
        ~Exists(ParkedCustomer.objects.filter(customer=OuterRef("pk"), released_at=None)),
    )
    if customer_ids is not None:
        customers = customers.filter(pk__in=customer_ids)
    return list(customers.order_by("pk").values_list("pk", flat=True))


def _bill_chunk(customer_ids: Sequence[int], run: _Run) -> None:
    """Read without locks what is due and used, then write it for one customer after the other."""
    found = run.outlooks(customer_ids)
    readings = read_usage(found, bound=run.record.bound)
    for outlook in found:
        try:
            _bill_customer(outlook, readings, run)
        except Exception as error:
            _note_failure(run, outlook.customer, error)
    _bill_spending(customer_ids, run)
    run.save(done=len(customer_ids))


def _bill_spending(customer_ids: Sequence[int], run: _Run) -> None:
    """Bill at once the usage of those who passed a spend threshold, after all that had come due."""
    bound = run.record.bound
    found = spendings([pk for pk in customer_ids if pk not in run.failed], now=run.record.as_of, bound=bound)
    readings = read_usage([spending.outlook for spending in found], bound=bound) if found else {}
    for spending in found:
        try:
            invoice = bill_at_threshold(
                spending=spending, bound=bound, readings=readings, run=run.record, check=run.check
            )
        except Exception as error:
            _note_failure(run, spending.outlook.customer, error)
        else:
            if invoice is not None:
                run.count(1, [invoice] if invoice.number else [])


def _bill_customer(outlook: Outlook, readings: Readings, run: _Run) -> None:
    with transaction.atomic():
        customer = outlook.customer
        lock_customer(customer.pk)
        if outlook.seal != seal_of([customer.pk])[customer.pk]:
            # Another run billed them, or their contract changed: look again, under the lock.
            found = run.outlooks([customer.pk])
            if not found:
                return
            outlook = found[0]
        if outlook.error:
            raise outlook.error
        moved = [_advance(draft, outlook, readings, run) for draft in outlook.drafts]
        drafts = [_draft(bill, outlook, readings, run) for bill in outlook.bills]
        if outlook.noted:
            settle_changes(customer_id=customer.pk, bound=run.record.bound, seen=outlook.noted)
        # Last, because from the first number on every other run waits for this transaction.
        done = [walk(invoice=draft, at=outlook.at, bound=run.record.bound) for draft in (*moved, *drafts)]
    run.count(len(drafts), (invoice for invoice in done if invoice.number))


def _advance(draft: Draft, outlook: Outlook, readings: Readings, run: _Run) -> Invoice:
    """Hold a draft whose wait is over, with its usage read again where that is what it waited for."""
    invoice = Invoice.objects.select_related("customer", "profile__app").locked().get(pk=draft.invoice_id)
    # Somebody may have read its usage, or moved it on, since the run looked.
    if draft.lines and invoice.status in DRAFT and not is_collected(invoice):
        collect_quantities(invoice=invoice, bound=run.record.bound, at=outlook.at, readings=readings)
        run.check(invoice)
    return invoice


def _draft(bill: Bill, outlook: Outlook, readings: Readings, run: _Run) -> Invoice:
    priced = price_bill(bill, spans=outlook.spans, bound=run.record.bound, readings=readings)
    invoice = write_draft(
        bill=bill, priced=priced, profile=outlook.profile, bound=run.record.bound, at=outlook.at, run=run.record
    )
    run.check(invoice)
    return invoice


def _note_failure(run: _Run, customer: Customer, error: Exception) -> None:
    if not connection.is_usable():
        raise error
    is_unexpected = not isinstance(error, DomainError)
    if is_unexpected:
        logger.error("Billing of customer %s failed", customer.pk, exc_info=error)
    if not isinstance(error, OperationalError):
        # What the database refused for the moment, such as a deadlock, is tried again by the next run.
        park_customer(customer_id=customer.pk, run=run.record, error=error, at=run.record.as_of)
    with run.lock:
        run.failures.append({"customer_id": customer.pk, "reason": reason_of(error), "is_unexpected": is_unexpected})
