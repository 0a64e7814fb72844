"""Credit notes: `/api/v1/billing/invoices/{id}/credit-notes` and `/api/v1/billing/credit-notes`."""

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.invoices import find_invoice
from invoicing.api.schema import money as describe
from invoicing.models import Invoice, InvoiceType
from invoicing.serializers.money import CreditNoteInput, CreditNoteListInput, credit_note_output, outputs
from invoicing.services.credit_notes import CannotCredit, CreditItem, create_credit_note
from metering import clock
from metering.api.base import ApiView, page_output
from metering.idempotency import idempotent
from metering.serializers.fields import PageInput, checked


@describe.CREDIT_NOTES_OF_INVOICE
class CreditNotesOfInvoice(ApiView):
    @idempotent()
    def post(self, request: Request, invoice_id: str) -> Response:
        invoice = find_invoice(invoice_id)
        sent = checked(CreditNoteInput, request.data).validated_data
        ids = dict(invoice.lines.values_list("ulid", "pk"))
        if missing := [item["lineId"] for item in sent["items"] if item["lineId"] not in ids]:
            raise CannotCredit(f"Name lines of {invoice}: {missing[0]} is none of them.")
        note = create_credit_note(
            invoice_id=invoice.pk,
            items=[CreditItem(ids[item["lineId"]], item["amount"]) for item in sent["items"]],
            reason=sent["reason"],
            at=clock.now(invoice.customer),
        )
        return Response(credit_note_output(_notes().get(pk=note.pk)), status=201)

    def get(self, request: Request, invoice_id: str) -> Response:
        asked = checked(PageInput, request.query_params).validated_data
        found = _notes().filter(corrects=find_invoice(invoice_id)).order_by("pk")
        return Response(page_output(found, asked, outputs))


@describe.CREDIT_NOTES
class CreditNotes(ApiView):
    def get(self, request: Request) -> Response:
        asked = checked(CreditNoteListInput, request.query_params).validated_data
        found = _notes()
        if "customerId" in asked:
            found = found.filter(customer__ulid=asked["customerId"])
        if "invoiceId" in asked:
            found = found.filter(corrects__ulid=asked["invoiceId"])
        return Response(page_output(found.order_by("-issued_at", "-pk"), asked, outputs))


def _notes() -> QuerySet[Invoice]:
    issued = Invoice.objects.issued().filter(type=InvoiceType.CREDIT_NOTE).select_related("customer", "corrects")
    return issued.prefetch_related("lines__corrects", "taxes")
