"""What another system that invoices for us tells: that it has a draft, that it sent an invoice, how it was paid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from invoicing.lifecycle import InvalidMove, Trigger
from invoicing.models import Invoice, InvoiceStatus
from invoicing.providers import PROVIDERS
from invoicing.queries.states import situation_of
from invoicing.services.invoices import payment_event, void_invoice
from invoicing.services.payments import hold_invoice
from invoicing.services.walks import walk
from invoicing.walking import confirmed
from metering.errors import DomainError
from metering.ingest.fence import current_bound


class NotCalledBack(DomainError):
    """The app of the invoice does not tell of anything by calls."""

    code = "app_does_not_call_back"


class UnknownLine(DomainError):
    """What was told is of a line that the invoice does not have."""

    code = "invoice_line_unknown"


@dataclass(frozen=True)
class Told:
    """What the other system calls an invoice and its parts, and when it sent it; what it left out is empty."""

    number: str = ""
    invoicing_id: str = ""
    payment_id: str = ""
    sent_at: datetime | None = None
    lines: Mapping[str, str] = field(default_factory=dict)
    discounts: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, str]:
        """What it calls lines and discounts, by their ids."""
        return {**self.lines, **self.discounts}


def draft_synchronized(*, invoice_id: int, told: Told, at: datetime) -> Invoice:
    """
    Note that the other system has a draft, and let the draft go on. Call it outside a transaction.

    :raises NotCalledBack: if the invoice's app does not call back.
    :raises InvalidMove: if the draft does not wait for that.
    :raises UnknownLine: if it has no such line.
    """
    return _confirm(invoice_id, InvoiceStatus.DRAFT_SYNCING, told, current_bound(), at)


def issuing_synchronized(*, invoice_id: int, told: Told, at: datetime) -> Invoice:
    """
    Note that the other system issued an invoice, and issue it here. Call it outside a transaction.

    Its number is kept beside ours, which has no gap.

    :raises NotCalledBack: if the invoice's app does not call back.
    :raises InvalidMove: if the invoice does not wait for that.
    """
    return _confirm(invoice_id, InvoiceStatus.ISSUING_SYNCING, told, current_bound(), at)


def payment_status(*, invoice_id: int, trigger: Trigger, at: datetime) -> Invoice:
    """
    Follow what the other system tells of a payment; what it voided is not billed anew.

    :raises NotCalledBack: if the invoice's app does not call back.
    :raises InvalidMove: if the invoice does not wait for that.
    :raises InvoiceContinued: if a later document continues what a voided one billed.
    """
    _check_calls_back(Invoice.objects.select_related("profile__app").get(pk=invoice_id))
    if trigger == Trigger.VOID:
        return void_invoice(invoice_id=invoice_id, reason="Voided in the other system", rebill=False, at=at)
    return payment_event(invoice_id=invoice_id, trigger=trigger, at=at)


@transaction.atomic
def _confirm(invoice_id: int, awaited: InvoiceStatus, told: Told, bound: int, at: datetime) -> Invoice:
    invoice = hold_invoice(invoice_id)
    _check_calls_back(invoice)
    if _is_known(invoice, told) and invoice.status != awaited:
        # The answer to the first call got lost.
        return invoice
    if invoice.status != awaited:
        raise InvalidMove(
            f"Wait until {invoice} is {awaited.label.lower()}: it is {InvoiceStatus(invoice.status).label.lower()}."
        )
    _check_lines(invoice, told)
    _note(invoice, told)
    trigger = confirmed(awaited, situation_of(invoice, at, can_read=True))
    return walk(invoice=invoice, at=at, trigger=trigger, bound=bound)


def _check_calls_back(invoice: Invoice) -> None:
    app = invoice.profile.app
    if not PROVIDERS[app.type].calls_back:
        raise NotCalledBack(f"Name an invoice of an app that calls back: {invoice} is invoiced and collected by {app}.")


def _is_known(invoice: Invoice, told: Told) -> bool:
    """Tell whether all of it was told before; of nothing at all nobody knows."""
    pairs = [
        (told.number, invoice.external_number),
        (told.invoicing_id, invoice.external_invoicing_id),
        (told.payment_id, invoice.external_payment_id),
        (told.sent_at, invoice.sent_at),
        *((name, invoice.external_parts.get(part)) for part, name in told.parts.items()),
    ]
    given = [(new, kept) for new, kept in pairs if new]
    return bool(given) and all(new == kept for new, kept in given)


def _check_lines(invoice: Invoice, told: Told) -> None:
    unknown = set(told.lines) - set(invoice.lines.values_list("ulid", flat=True)) if told.lines else ()
    if unknown:
        raise UnknownLine(f"Name lines of {invoice} by their ids: it has no line {min(unknown)}.")


def _note(invoice: Invoice, told: Told) -> None:
    invoice.external_number = told.number or invoice.external_number
    invoice.external_invoicing_id = told.invoicing_id or invoice.external_invoicing_id
    invoice.external_payment_id = told.payment_id or invoice.external_payment_id
    invoice.sent_at = told.sent_at or invoice.sent_at
    invoice.external_parts = {**invoice.external_parts, **told.parts}
    invoice.save(
        update_fields=[
            "external_number",
            "external_invoicing_id",
            "external_payment_id",
            "sent_at",
            "external_parts",
        ]
    )
