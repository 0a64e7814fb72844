"""The billing run: for every customer, write the invoices that should exist and do not."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from invoicing.models import BillingProfile, BillingRun, Invoice, InvoiceStatus
from invoicing.queries.bills import Bill, price_bill
from invoicing.queries.due import Outlook, Readings, outlooks, read_usage, seal_of
from invoicing.services.invoices import draft_invoice, issue_draft
from invoicing.services.payments import collect_invoice
from metering.errors import DomainError
from metering.ingest.fence import current_bound
from metering.models import Customer
from metering.services.clocks import move_test_clock
from pricing.models import Subscription
from pricing.queries import current_period

logger = logging.getLogger(__name__)
# So many customers are read in a few queries, before those with something due are locked one by one.
_CHUNK = 200
_LOCK = """
    SELECT FROM metering_customer customer JOIN pricing_subscription contract ON contract.customer_id = customer.id
    WHERE customer.id = %s ORDER BY contract.id FOR NO KEY UPDATE OF customer, contract
"""


class CannotAdvance(DomainError):
    """The customer's time cannot be moved."""

    status = 409
    code = "customer_time_cannot_be_moved"


@dataclass
class _Run:
    record: BillingRun
    profile: BillingProfile
    invoices: int = 0
    failures: list[dict[str, object]] = field(default_factory=list)

    def outlooks(self, customer_ids: Sequence[int]) -> list[Outlook]:
        return outlooks(
            customer_ids, now=self.record.as_of, wait=self.profile.collection_interval, bound=self.record.bound
        )


def run_billing(*, now: datetime, customer_ids: Sequence[int] | None = None) -> BillingRun:
    """
    Invoice everything that has come due by `now`, or by a customer's test clock, and collect payment.

    One bound holds for the whole run. Each customer is one transaction under a lock, so a second run, at once or
    later, changes nothing, and a run that was killed is finished by the next. A customer who cannot be billed is
    named in `failures` with the reason, and the others go on. Call it outside a transaction.
    """
    # The fence comes first: every quantity has to be read in a later snapshot.
    bound = current_bound()
    customers = _candidates(customer_ids)
    record = BillingRun.objects.create(as_of=now, bound=bound, started_at=Now(), customers=len(customers))
    run = _Run(record, BillingProfile.objects.get(is_default=True))
    for start in range(0, len(customers), _CHUNK):
        chunk = customers[start : start + _CHUNK]
        _bill_chunk(chunk, run)
        _collect_pending(chunk, run)
        _save(run)
    _save(run, finished_at=Now())
    record.refresh_from_db()
    return record


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
    profile = BillingProfile.objects.get(is_default=True)
    to = current_period(subscription, clock.now_at).end + profile.collection_interval
    move_test_clock(clock_id=clock.pk, to=to, at=at)
    return run_billing(now=at, customer_ids=list(clock.customers.values_list("pk", flat=True)))


def _candidates(customer_ids: Sequence[int] | None) -> list[int]:
    customers = Customer.objects.filter(Exists(Subscription.objects.filter(customer=OuterRef("pk"))))
    if customer_ids is not None:
        customers = customers.filter(pk__in=customer_ids)
    return list(customers.order_by("pk").values_list("pk", flat=True))


def _bill_chunk(customer_ids: Sequence[int], run: _Run) -> None:
    """Read without locks what is due and used, then write it for one customer after the other."""
    found = run.outlooks(customer_ids)
    readings = read_usage(found, bound=run.record.bound)
    for outlook in found:
        try:
            run.invoices += len(_bill_customer(outlook, readings, run))
        except DomainError as error:
            _note_failure(run, outlook.customer.pk, error.message, is_unexpected=False)
        except Exception as error:
            _note_bug(run, outlook.customer.pk, error)


@transaction.atomic
def _bill_customer(outlook: Outlook, readings: Readings, run: _Run) -> list[Invoice]:
    customer = outlook.customer
    _lock(customer)
    if outlook.seal != seal_of([customer.pk])[customer.pk]:
        # Another run billed them, or their contract changed: look again, under the lock.
        found = run.outlooks([customer.pk])
        if not found:
            return []
        outlook = found[0]
    if outlook.error:
        raise outlook.error
    drafts = [_draft(bill, outlook, readings, run) for bill in outlook.bills]
    # Last, because from the first number on every other run waits for this transaction.
    return [issue_draft(invoice=draft, at=outlook.at) for draft in drafts]


def _lock(customer: Customer) -> None:
    """
    Lock the customer, then their contracts. Locks are always taken in this order: these, invoice, sequence.

    The weaker kind of lock lets rows that point to the customer be written meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [customer.pk])


def _draft(bill: Bill, outlook: Outlook, readings: Readings, run: _Run) -> Invoice:
    priced = price_bill(bill, spans=outlook.spans, bound=run.record.bound, readings=readings)
    return draft_invoice(bill=bill, priced=priced, customer=outlook.customer, profile=run.profile, at=outlook.at)


def _collect_pending(customer_ids: Sequence[int], run: _Run) -> None:
    """Collect what this run issued, and what a killed one left behind."""
    pending = Invoice.objects.filter(status=InvoiceStatus.PAYMENT_PENDING, customer__in=customer_ids)
    for invoice in pending.select_related("customer__test_clock", "profile__app").order_by("pk"):
        clock = invoice.customer.test_clock
        try:
            collect_invoice(invoice=invoice, at=clock.now_at if clock else run.record.as_of)
        except Exception as error:
            _note_bug(run, invoice.customer_id, error)


def _note_bug(run: _Run, customer_id: int, error: Exception) -> None:
    if not connection.is_usable():
        raise error
    logger.error("Billing of customer %s failed", customer_id, exc_info=error)
    _note_failure(run, customer_id, f"{type(error).__name__}: {error}", is_unexpected=True)


def _note_failure(run: _Run, customer_id: int, reason: str, *, is_unexpected: bool) -> None:
    run.failures.append({"customer_id": customer_id, "reason": reason, "is_unexpected": is_unexpected})


def _save(run: _Run, **changes: object) -> None:
    BillingRun.objects.filter(pk=run.record.pk).update(invoices=run.invoices, failures=run.failures, **changes)
