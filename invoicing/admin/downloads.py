"""Files that the console sends."""

from collections.abc import Iterable

from django.http import HttpResponse, StreamingHttpResponse

from invoicing.models import Invoice
from invoicing.services.documents import store_document
from metering import clock


def csv_download(name: str, rows: Iterable[str]) -> StreamingHttpResponse:
    """Send rows of CSV as they come."""
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def pdf_download(invoice: Invoice) -> HttpResponse:
    """Send the document of an issued invoice; one that the job has not rendered yet is rendered now."""
    document = store_document(invoice_id=invoice.pk, at=clock.now(invoice.customer))
    response = HttpResponse(bytes(document.content), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{invoice}.pdf"'
    return response
