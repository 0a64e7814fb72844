"""Invoice at once what has come due: `/api/v1/billing/invoices/invoice`."""

from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.schema import invoices as describe
from invoicing.api.shown_invoices import loaded, outputs
from invoicing.models import Invoice
from invoicing.serializers.invoices import InvoiceNowInput
from invoicing.services.progressive import invoice_now
from metering import clock
from metering.api.base import ApiView
from metering.api.customers import find_customer
from metering.idempotency import idempotent
from metering.serializers.fields import checked


@describe.INVOICE_NOW
class InvoiceNow(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = checked(InvoiceNowInput, request.data).validated_data
        customer = find_customer(sent["customerId"])
        at = clock.now(customer)
        made = invoice_now(
            customer_id=customer.pk,
            as_of=sent["asOf"] or at,
            line_ids=(sent["filters"] or {}).get("lineIds"),
            progressive=sent["progressiveBillingOverride"],
            at=at,
        )
        rows = loaded(Invoice.objects.filter(pk__in=[invoice.pk for invoice in made]).order_by("pk"))
        return Response(outputs(list(rows), request=request, expand=["lines"]), status=201)
