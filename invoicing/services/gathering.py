"""Gathering invoices: what a customer owes in a currency that no invoice holds yet."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from invoicing.lifecycle import InvoiceStatus
from invoicing.models import BillingProfile, DetailedLine, Invoice, InvoiceLine, InvoiceTax
from invoicing.numbering import gathering_name
from invoicing.queries.bills import PricedLine, due_lines
from invoicing.queries.contracts import OpenContract, open_contracts
from invoicing.queries.due import spans_of
from invoicing.queries.priced_lines import price_lines
from invoicing.queries.profiles import profiles_of
from invoicing.services.drafts import line_of, priced_parts
from invoicing.services.issuing import next_invoice_id
from invoicing.services.line_parts import parts_of
from invoicing.services.manual_lines import rate_by_hand
from invoicing.services.totals import foot
from invoicing.validation import Issue, replaced
from metering.errors import DomainError
from metering.models import Customer
from metering.spans import Span
from pricing.models import Subscription, SubscriptionItem
from pricing.queries import current_period

_COMPONENT = "invoicing"
_BATCH = 1_000
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Gathered:
    """What is on a gathering invoice at a time: lines with their parts, none of them written as it is shown."""

    lines: tuple[tuple[InvoiceLine, tuple[DetailedLine, ...]], ...]
    taxes: tuple[InvoiceTax, ...]


def gather(*, invoices: Sequence[Invoice], at: Mapping[int, datetime]) -> list[Gathered]:
    """
    Return what is on gathering invoices now, and set their totals and periods in memory; nothing is written.

    Subscriptions are billed there up to the end of their current billing period at the customer's time `at`, with the
    usage so far; then come the lines by hand. Ten queries for all of them, and those that read usage.
    """
    customer_ids = {invoice.customer_id for invoice in invoices}
    contracts = _contracts_of(customer_ids) if invoices else {}
    stored = _stored_lines(invoices)
    spans = spans_of(customer_ids, None)
    return [
        _gathered(
            invoice,
            contracts.get((invoice.customer_id, str(invoice.currency)), ()),
            stored.get(invoice.pk, ()),
            spans.get(invoice.customer_id, ()),
            at[invoice.customer_id],
        )
        for invoice in invoices
    ]


@transaction.atomic
def open_gathering(*, customer: Customer, currency: str, at: datetime) -> tuple[Invoice, bool]:
    """Return the gathering invoice of a customer in a currency, and whether it is new; it and the customer are held."""
    Customer.objects.select_for_update(no_key=True, of=("self",)).get(pk=customer.pk)
    existing = Invoice.objects.filter(customer=customer, currency=currency, status=InvoiceStatus.GATHERING)
    found = existing.select_related("customer", "profile__app").locked().first()
    if found is not None:
        return found, False
    opened = _new(customer, currency, profiles_of([customer.pk])[customer.pk], at)
    opened.save(force_insert=True)
    return opened, True


def open_missing(*, customer_ids: Iterable[int] | None = None, at: datetime) -> None:
    """Give each customer with a subscription that bills a gathering invoice in its currency, where they have none."""
    has_one = Invoice.objects.filter(
        customer=OuterRef("customer"), currency=OuterRef("currency"), status=InvoiceStatus.GATHERING
    )
    priced = SubscriptionItem.objects.filter(subscription=OuterRef("pk"), price__isnull=False)
    contracts = Subscription.objects.filter(~Exists(has_one), Exists(priced), awaits_payment=False)
    if customer_ids is not None:
        contracts = contracts.filter(customer__in=list(customer_ids))
    wanted = sorted(set(contracts.values_list("customer", "currency")))
    customers = Customer.objects.in_bulk({customer for customer, _ in wanted})
    profiles = profiles_of(customers) if wanted else {}
    rows = [_new(customers[pk], currency, profiles[pk], at) for pk, currency in wanted]
    # Another request may open them at the same time.
    Invoice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_BATCH)


def _new(customer: Customer, currency: str, profile: BillingProfile, at: datetime) -> Invoice:
    pk = next_invoice_id()
    return Invoice(
        pk=pk,
        customer=customer,
        profile=profile,
        draft_number=gathering_name(customer.name, currency, pk),
        currency=currency,
        status=InvoiceStatus.GATHERING,
        billed_at=at,
        period_start=at,
        period_end=at + _SECOND,
        time_zone=str(customer.zone),
        workflow=profile.workflow.to_json(),
        created_at=at,
        updated_at=at,
    )


def _contracts_of(customer_ids: Iterable[int]) -> Mapping[tuple[int, str], Sequence[OpenContract]]:
    found: dict[tuple[int, str], list[OpenContract]] = defaultdict(list)
    for contract in open_contracts(Q(customer__in=list(customer_ids))):
        found[contract.subscription.customer_id, str(contract.subscription.currency)].append(contract)
    return found


def _stored_lines(invoices: Iterable[Invoice]) -> Mapping[int, Sequence[InvoiceLine]]:
    related = ("feature", "meter_version__meter", "subscription_item__subscription", "subscription_item__phase")
    lines = InvoiceLine.objects.filter(invoice__in=[invoice.pk for invoice in invoices]).select_related(*related)
    found: dict[int, list[InvoiceLine]] = defaultdict(list)
    for line in lines.prefetch_related("detailed_lines").order_by("position", "pk"):
        found[line.invoice_id].append(line)
    return found


def _gathered(
    invoice: Invoice,
    contracts: Sequence[OpenContract],
    stored: Sequence[InvoiceLine],
    spans: Sequence[Span],
    at: datetime,
) -> Gathered:
    priced = _priced(invoice, contracts, spans, at)
    lines = [_computed(invoice, position, line, at) for position, line in enumerate(priced) if _says_something(line)]
    for line in stored:
        line.invoice = invoice
        lines.append((line, _live_parts(line, spans)))
    taxes = foot(invoice=invoice, lines=[line for line, _ in lines])
    if lines:
        invoice.period_start = min(line.period_start for line, _ in lines)
        invoice.period_end = max(line.period_end for line, _ in lines)
    return Gathered(tuple(lines), tuple(taxes))


def _priced(
    invoice: Invoice, contracts: Sequence[OpenContract], spans: Sequence[Span], at: datetime
) -> Sequence[PricedLine]:
    """Price what is due; where that cannot be done, the invoice says why, so that it does not hide all others."""
    try:
        due = [line for contract in contracts for line in due_lines(contract, until=_end(contract, at))]
        return price_lines(due, spans=spans, bound=None)
    except DomainError as error:
        issue = Issue(code=error.code, message=error.message, component=_COMPONENT)
        stored = invoice.validation_issues
        invoice.validation_issues = replaced(stored, component=_COMPONENT, found=[issue], at=at)
        return ()


def _live_parts(line: InvoiceLine, spans: Sequence[Span]) -> tuple[DetailedLine, ...]:
    # One of a subscription was carried over as it was billed.
    if line.meter_version is None or line.subscription_item_id is not None:
        return tuple(line.detailed_lines.all())
    return tuple(parts_of(line, rate_by_hand(line, spans=spans, bound=None, is_live=True)))


def _end(contract: OpenContract, at: datetime) -> datetime:
    subscription = contract.subscription
    if subscription.active_to is not None and subscription.active_to <= at:
        return at
    return current_period(subscription, max(at, subscription.active_from)).end


def _computed(
    invoice: Invoice, position: int, priced: PricedLine, at: datetime
) -> tuple[InvoiceLine, tuple[DetailedLine, ...]]:
    line = line_of(invoice, position, priced, at)
    return line, tuple(priced_parts(line, priced))


def _says_something(priced: PricedLine) -> bool:
    # As `InvoiceLineQuerySet.shown`.
    return priced.amount != Decimal(0) or priced.due.item.phase_id is not None
