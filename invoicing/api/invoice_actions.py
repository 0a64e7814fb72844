"""What is done with an invoice: `/api/v1/billing/invoices/{invoiceId}/…`, and pending lines that become one."""

from collections.abc import Callable
from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.invoices import find_feature, find_invoice, shown
from invoicing.api.schema import invoices as describe
from invoicing.models import Invoice
from invoicing.serializers.invoices import InvoiceVoidInput, PendingLinesInput
from invoicing.serializers.line_inputs import line_terms
from invoicing.services.invoices import (
    advance_invoice,
    approve_invoice,
    retry_invoice,
    snapshot_quantities,
    void_invoice,
)
from invoicing.services.pending_lines import add_pending_lines
from invoicing.services.taxes import recalculate_taxes
from metering import clock
from metering.api.base import ApiView
from metering.api.customers import find_customer
from metering.idempotency import idempotent
from metering.serializers.fields import checked

_NO_REASON = "Voided over the API"


class _Action(ApiView):
    """Something that is done with an invoice, and answered by it."""

    act: ClassVar[Callable[..., Invoice]]

    def post(self, request: Request, invoice_id: str) -> Response:
        invoice = find_invoice(invoice_id)
        type(self).act(invoice_id=invoice.pk, at=clock.now(invoice.customer))
        return Response(shown(invoice_id, request=request))


@describe.ADVANCE
class AdvanceInvoice(_Action):
    act = staticmethod(advance_invoice)


@describe.APPROVE
class ApproveInvoice(_Action):
    act = staticmethod(approve_invoice)


@describe.RETRY
class RetryInvoice(_Action):
    act = staticmethod(retry_invoice)


@describe.SNAPSHOT_QUANTITIES
class SnapshotQuantities(_Action):
    act = staticmethod(snapshot_quantities)


@describe.RECALCULATE_TAXES
class RecalculateTaxes(_Action):
    act = staticmethod(recalculate_taxes)


@describe.VOID
class VoidInvoice(ApiView):
    def post(self, request: Request, invoice_id: str) -> Response:
        invoice = find_invoice(invoice_id)
        body = checked(InvoiceVoidInput, request.data)
        void_invoice(
            invoice_id=invoice.pk,
            reason=body.validated_data["reason"] or _NO_REASON,
            rebill=body.is_billed_again,
            at=clock.now(invoice.customer),
        )
        return Response(shown(invoice_id, request=request))


@describe.PENDING_LINES
class PendingLines(ApiView):
    @idempotent()
    def post(self, request: Request, customer_id: str) -> Response:
        customer = find_customer(customer_id)
        sent = checked(PendingLinesInput, request.data).validated_data
        invoice, added, is_new = add_pending_lines(
            customer_id=customer.pk,
            currency=sent["currency"],
            lines=[line_terms(line, find_feature) for line in sent["lines"]],
            at=clock.now(customer),
        )
        output = shown(invoice.ulid, request=request)
        ids = {line.ulid for line in added}
        lines = [line for line in output.get("lines", ()) if line["id"] in ids]
        del output["lines"]
        return Response({"lines": lines, "invoice": output, "isInvoiceNew": is_new}, status=201)
