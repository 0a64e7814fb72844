"""Files to save, as they are stored."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def pdf_response(name: str, content: bytes) -> HttpResponse:
    """Return a PDF to save under a name."""
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name)}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
