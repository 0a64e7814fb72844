"""An invoice's document as one HTML page that stands for itself: it loads nothing, so it can be saved and sent."""

import base64
from datetime import datetime
from functools import cache
from hashlib import sha256

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from invoicing.document_texts import document_texts
from invoicing.logo import media_type
from invoicing.models import Invoice
from invoicing.queries.documents import invoice_document


def html_response(invoice: Invoice, *, at: datetime) -> HttpResponse:
    """
    Return an issued invoice as a page, with what was settled up to `at`; it may run nothing and load nothing.

    :raises NotIssued: if the invoice is a draft.
    """
    document = invoice_document(invoice, at=at)
    context = {"texts": document_texts(document), "logo": _data_url(document.logo), "style": _style()}
    policy = f"default-src 'none'; img-src data:; style-src '{_style_hash()}'; base-uri 'none'; form-action 'none'"
    return HttpResponse(
        render_to_string("invoicing/document.html", context),
        headers={"Content-Security-Policy": f"{policy}; frame-ancestors 'none'"},
    )


def _data_url(logo: bytes) -> str:
    type_ = media_type(logo)
    return f"data:{type_};base64,{base64.b64encode(logo).decode()}" if type_ else ""


@cache
def _style() -> SafeString:
    # A file of ours, without a single `<`.
    return mark_safe(render_to_string("invoicing/document.css"))  # noqa: S308


@cache
def _style_hash() -> str:
    return f"sha256-{base64.b64encode(sha256(_style().encode()).digest()).decode()}"
