"""What another system that invoices for us calls back: `/api/v1/apps/custom-invoicing/{}/...`."""

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.schema import custom_invoicing as describe
from invoicing.lifecycle import Trigger
from invoicing.models import Invoice
from invoicing.serializers.apps import DraftSynchronizedInput, IssuingSynchronizedInput, PaymentStatusInput
from invoicing.services.custom_invoicing import draft_synchronized, issuing_synchronized, payment_status
from metering import clock
from metering.api.base import ApiView
from metering.serializers.fields import checked


@describe.DRAFT
class DraftSynchronized(ApiView):
    def post(self, request: Request, invoice_id: str) -> Response:
        invoice = _find_invoice(invoice_id)
        body = checked(DraftSynchronizedInput, request.data)
        draft_synchronized(invoice_id=invoice.pk, told=body.told(), at=clock.now(invoice.customer))
        return Response(status=204)


@describe.ISSUING
class IssuingSynchronized(ApiView):
    def post(self, request: Request, invoice_id: str) -> Response:
        invoice = _find_invoice(invoice_id)
        body = checked(IssuingSynchronizedInput, request.data)
        issuing_synchronized(invoice_id=invoice.pk, told=body.told(), at=clock.now(invoice.customer))
        return Response(status=204)


@describe.PAYMENT
class PaymentStatus(ApiView):
    def post(self, request: Request, invoice_id: str) -> Response:
        invoice = _find_invoice(invoice_id)
        trigger = Trigger(checked(PaymentStatusInput, request.data).validated_data["trigger"])
        payment_status(invoice_id=invoice.pk, trigger=trigger, at=clock.now(invoice.customer))
        return Response(status=204)


def _find_invoice(invoice_id: str) -> Invoice:
    found = Invoice.objects.select_related("customer__test_clock").filter(ulid=invoice_id.upper()).first()
    if found is None:
        raise Http404(f"There is no invoice {invoice_id}. Name one by its id.")
    return found
