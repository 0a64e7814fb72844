"""The work of each state of an invoice: what is done when it is reached, before it goes on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from invoicing.lifecycle import MOVES, Trigger
from invoicing.models import Invoice, InvoiceStatus, InvoiceType
from invoicing.providers import PROVIDERS, AppInvoice, Outcome, Provider, Result
from invoicing.queries.states import is_collected, is_collection_over
from invoicing.services.adjustments import waive_invoice
from invoicing.services.balances import dispose
from invoicing.services.carrying import carry_over
from invoicing.services.drafts import collect_quantities
from invoicing.services.issuing import issue
from invoicing.services.payments import collect, record_outcome
from invoicing.services.totals import has_tax_issue, recalculate, refresh_taxes
from invoicing.validation import Issue, replaced

# Who finds issues: the steps themselves, and the app when it validates.
STEPS, APP = "invoicing", "app"


@dataclass(frozen=True)
class Visit:
    """One walk of an invoice that the caller holds and saves; usage is read up to batch `bound`, None is not at all."""

    invoice: Invoice
    at: datetime
    bound: int | None

    def note(self, found: Sequence[Issue], component: str) -> None:
        """Keep what a component finds wrong now, in place of what it found before."""
        stored = self.invoice.validation_issues
        self.invoice.validation_issues = replaced(stored, component=component, found=found, at=self.at)

    @property
    def app(self) -> Provider:
        """Who invoices and collects."""
        return PROVIDERS[self.invoice.profile.app.type]

    @property
    def told(self) -> AppInvoice:
        """What the app is told."""
        invoice = self.invoice
        return AppInvoice(
            ulid=invoice.ulid,
            name=str(invoice),
            currency=str(invoice.currency),
            total=invoice.total,
            customer_metadata=invoice.customer.metadata,
        )


def _read_usage(visit: Visit) -> None:
    """Read it once collection is over, or now by request, which ends collection."""
    invoice = visit.invoice
    if visit.bound is None or is_collected(invoice):
        return
    if not is_collection_over(invoice, visit.at):
        invoice.collection_at = visit.at
    with transaction.atomic():
        collect_quantities(invoice=invoice, bound=visit.bound, at=visit.at)


def _validate(visit: Visit) -> None:
    if visit.invoice.collection_at is not None and is_collection_over(visit.invoice, visit.at):
        # Where reading failed before, a retry comes back here.
        _read_usage(visit)
    if has_tax_issue(visit.invoice):
        # Somebody may have added the rate, or the buyer's country, since.
        recalculate(invoice=visit.invoice, at=visit.at)
    visit.note(visit.app.validate(visit.told), APP)


def _send_draft(visit: Visit) -> None:
    visit.app.upsert_draft(visit.told)


def _carry_over(visit: Visit) -> None:
    carry_over(invoice=visit.invoice, at=visit.at)


def _finalise_lines(visit: Visit) -> None:
    if visit.invoice.created_at < visit.at:
        refresh_taxes(invoice=visit.invoice, at=visit.at)
    if visit.invoice.total < 0:
        # No invoice is negative: what gives money back is a credit note.
        visit.invoice.type = InvoiceType.CREDIT_NOTE


def _finalise_in_app(visit: Visit) -> None:
    visit.app.finalise(visit.told)


def _issue(visit: Visit) -> None:
    issue(invoice=visit.invoice, at=visit.at)
    if visit.invoice.type == InvoiceType.CREDIT_NOTE:
        _use_note(visit.invoice, visit.at)


def _use_note(note: Invoice, at: datetime) -> None:
    corrected = Invoice.objects.locked().get(pk=note.corrects_id) if note.corrects_id else None
    dispose(note=note, corrected=corrected, at=at)
    if corrected is None:
        return
    if not corrected.due and Trigger.PAID in MOVES[InvoiceStatus(corrected.status)]:
        corrected.move(Trigger.PAID)
        corrected.move(Trigger.NEXT)
        corrected.paid_at = at
    corrected.updated_at = at
    corrected.save(update_fields=["status", "settled", "paid_at", "updated_at"])


def _collect(visit: Visit) -> Trigger | None:
    return collect(invoice=visit.invoice, at=visit.at)


def _book(visit: Visit) -> None:
    """Write down what the app was paid, unless it was asked by us and is in the books."""
    record_outcome(invoice=visit.invoice, outcome=Outcome(Result.PAID), at=visit.at)


def _note_paid(visit: Visit) -> None:
    visit.invoice.paid_at = visit.at


def _note_voided(visit: Visit) -> None:
    visit.invoice.voided_at = visit.at


def _waive(visit: Visit) -> None:
    waive_invoice(invoice=visit.invoice, reason="Deleted with its draft", at=visit.at)


def _delete_in_app(visit: Visit) -> None:
    visit.app.delete(visit.told)


def _note_deleted(visit: Visit) -> None:
    visit.invoice.deleted_at = visit.at


# What it makes of the next step; None for what the state itself says.
Work = Callable[[Visit], Trigger | None]
WORK: Mapping[InvoiceStatus, Work] = {
    InvoiceStatus.DRAFT_COLLECTING: _read_usage,
    InvoiceStatus.DRAFT_VALIDATING: _validate,
    InvoiceStatus.DRAFT_SYNCING: _send_draft,
    InvoiceStatus.DRAFT_READY_TO_ISSUE: _carry_over,
    InvoiceStatus.ISSUING_LINE_FINALIZATION: _finalise_lines,
    InvoiceStatus.ISSUING_SYNCING: _finalise_in_app,
    InvoiceStatus.ISSUED: _issue,
    InvoiceStatus.PAYMENT_PENDING: _collect,
    InvoiceStatus.PAYMENT_BOOKING_SETTLED: _book,
    InvoiceStatus.PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED: _book,
    InvoiceStatus.PAID: _note_paid,
    InvoiceStatus.VOIDED: _note_voided,
    InvoiceStatus.DELETE_IN_PROGRESS: _waive,
    InvoiceStatus.DELETE_SYNCING: _delete_in_app,
    InvoiceStatus.DELETED: _note_deleted,
}
