"""Why a line costs what it costs: `/api/v1/billing/invoices/{invoiceId}/lines/{lineId}/…`."""

from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.schema import explanations as describe
from invoicing.csv_export import csv_response
from invoicing.models import InvoiceLine
from invoicing.queries import explain_line, line_events, recompute_line
from invoicing.serializers.explanations import counted_event_output, explanation_output, recomputed_output
from invoicing.usage_csv import event_rows, usage_rows
from metering.api.base import ApiView
from metering.models import Scope
from metering.rendering import CsvRenderer, JsonRenderer
from metering.serializers.fields import PageInput, checked

_CSV_CHUNK = 2000


@describe.EXPLANATION
class LineExplanationDetail(ApiView):
    required_scope = Scope.READ

    def get(self, request: Request, invoice_id: str, line_id: str) -> Response:
        line = find_line(invoice_id, line_id)
        return Response(explanation_output(line, explain_line(line)))


@describe.RECOMPUTATION
class LineRecomputation(ApiView):
    required_scope = Scope.READ

    def get(self, request: Request, invoice_id: str, line_id: str) -> Response:
        line = find_line(invoice_id, line_id)
        return Response(recomputed_output(line, recompute_line(line)))


@describe.EVENTS
class LineEvents(ApiView):
    required_scope = Scope.READ
    renderer_classes = [JsonRenderer, CsvRenderer]

    def get(self, request: Request, invoice_id: str, line_id: str) -> HttpResponseBase:
        line = find_line(invoice_id, line_id)
        events = line_events(line)
        if request.accepted_renderer.format == CsvRenderer.format:
            rows = event_rows(events.iterator(chunk_size=_CSV_CHUNK))
            return csv_response(f"{line.invoice}-line-{line.position + 1}-events.csv", rows)
        asked = checked(PageInput, request.query_params).validated_data
        page, size = asked["page"], asked["pageSize"]
        shown = events.select_related("batch")[(page - 1) * size : page * size]
        # How many there are is known from the buckets, so that nothing counts the events themselves.
        count = explain_line(line).event_count
        items = [counted_event_output(event) for event in shown]
        return Response({"items": items, "page": page, "pageSize": size, "totalCount": count})


@describe.USAGE
class LineUsage(ApiView):
    required_scope = Scope.READ

    def get(self, request: Request, invoice_id: str, line_id: str) -> HttpResponseBase:
        line = find_line(invoice_id, line_id)
        return csv_response(f"{line.invoice}-line-{line.position + 1}-usage.csv", usage_rows([line]))


def find_line(invoice_id: str, line_id: str) -> InvoiceLine:
    """
    Return a line of an invoice with what its explanation needs.

    :raises Http404: if the invoice has no such line.
    """
    related = InvoiceLine.objects.select_related("invoice", "feature", "meter_version__meter", "corrects__invoice")
    line = related.filter(invoice__ulid=invoice_id.upper(), ulid=line_id.upper()).first()
    if line is None:
        raise Http404("This invoice has no line with this id.")
    return line
