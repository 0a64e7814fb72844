"""The billing run: for every customer, write the invoices that should exist and do not."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from invoicing.models import BillingProfile, BillingRun, Invoice, InvoiceStatus
from invoicing.queries.bills import Bill, Billed, bills_of, load, price_line
from invoicing.services.invoices import draft_invoice, issue_draft
from invoicing.services.payments import collect_payment
from metering.errors import DomainError
from metering.ingest.fence import current_bound
from metering.models import Customer
from metering.queries import customer_spans
from metering.services.clocks import move_test_clock
from pricing.models import Feature, Subscription
from pricing.queries import current_period

logger = logging.getLogger(__name__)
# So many customers are glanced at in a few queries, before those with something due are locked one by one.
_CHUNK = 200


class CannotAdvance(DomainError):
    """The customer's time cannot be moved."""

    status = 409
    code = "customer_time_cannot_be_moved"


@dataclass
class _Run:
    record: BillingRun
    profile: BillingProfile
    now: datetime
    invoices: int = 0
    failures: list[dict[str, object]] = field(default_factory=list)
    features: dict[int, Feature] = field(default_factory=dict)

    def time_of(self, customer: Customer) -> datetime:
        return customer.test_clock.now_at if customer.test_clock else self.now

    def is_due(self, bill: Bill, at: datetime) -> bool:
        return bill.due_at(self.profile.collection_interval) <= at


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
    run = _Run(record, BillingProfile.objects.get(is_default=True), now)
    for start in range(0, len(customers), _CHUNK):
        chunk = customers[start : start + _CHUNK]
        for customer_id in _with_something_due(chunk, run):
            _bill_and_go_on(customer_id, run)
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


def _with_something_due(customer_ids: Sequence[int], run: _Run) -> list[int]:
    """Choose without locks whom to bill; whoever was missed by a hair is seen by the next run."""
    chosen = Subscription.objects.filter(customer__in=customer_ids).select_related("customer__test_clock")
    subscriptions = list(chosen.order_by("customer_id", "pk"))
    billed = load(subscriptions, run.features)
    due = {sub.customer_id for sub in subscriptions if _has_something_due(sub, billed, run)}
    return sorted(due)


def _has_something_due(subscription: Subscription, billed: Billed, run: _Run) -> bool:
    at = run.time_of(subscription.customer)
    try:
        return any(run.is_due(bill, at) for bill in bills_of(subscription, billed, until=at))
    except Exception:
        # Billing it under the lock will say what is wrong with this one alone.
        return True


def _bill_and_go_on(customer_id: int, run: _Run) -> None:
    try:
        run.invoices += len(_bill_customer(customer_id, run))
    except DomainError as error:
        _note_failure(run, customer_id, error.message, is_unexpected=False)
    except Exception as error:
        if not connection.is_usable():
            raise
        logger.exception("Billing of customer %s failed", customer_id)
        _note_failure(run, customer_id, f"{type(error).__name__}: {error}", is_unexpected=True)


@transaction.atomic
def _bill_customer(customer_id: int, run: _Run) -> list[Invoice]:
    # Locks are always taken in this order: customer, subscriptions, invoice, sequence. The weaker kind of lock lets
    # rows that point to the customer be written meanwhile.
    locked = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("test_clock")
    customer = locked.get(pk=customer_id)
    contracts = Subscription.objects.select_for_update(of=("self",), no_key=True).filter(customer=customer)
    subscriptions = list(contracts.order_by("pk"))
    at = run.time_of(customer)
    billed = load(subscriptions, run.features)
    bills = [bill for sub in subscriptions for bill in bills_of(sub, billed, until=at) if run.is_due(bill, at)]
    spans = customer_spans(customer_id=customer.pk, bound=run.record.bound)
    drafts = []
    for bill in sorted(bills, key=lambda bill: bill.billed_at):
        priced = [price_line(due, spans=spans, bound=run.record.bound) for due in bill.lines]
        drafts.append(draft_invoice(bill=bill, priced=priced, customer=customer, profile=run.profile, at=at))
    # Last, because from the first number on every other run waits for this transaction.
    return [issue_draft(invoice=draft, at=at) for draft in drafts]


def _collect_pending(customer_ids: Sequence[int], run: _Run) -> None:
    """Collect what this run issued, and what a killed one left behind."""
    pending = Invoice.objects.filter(status=InvoiceStatus.PAYMENT_PENDING, customer__in=customer_ids)
    for invoice in pending.select_related("customer__test_clock").order_by("pk"):
        try:
            collect_payment(invoice_id=invoice.pk, at=run.time_of(invoice.customer))
        except Exception as error:
            if not connection.is_usable():
                raise
            logger.exception("Collecting invoice %s failed", invoice)
            _note_failure(run, invoice.customer_id, f"{type(error).__name__}: {error}", is_unexpected=True)


def _note_failure(run: _Run, customer_id: int, reason: str, *, is_unexpected: bool) -> None:
    run.failures.append({"customer_id": customer_id, "reason": reason, "is_unexpected": is_unexpected})


def _save(run: _Run, **changes: object) -> None:
    BillingRun.objects.filter(pk=run.record.pk).update(invoices=run.invoices, failures=run.failures, **changes)
