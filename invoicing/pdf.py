"""An invoice's document as PDF, typeset by typst: the same document gives the same bytes."""

import json
from functools import cache
from pathlib import Path

import typst

from invoicing.document import InvoiceDocument
from invoicing.document_texts import document_texts
from invoicing.logo import logo_format

_FOLDER = Path(__file__).with_name("typst")


def render_pdf(document: InvoiceDocument) -> bytes:
    """
    Return an invoice as PDF, dated at its issue.

    All that it says enters as data, so nothing in it can act as markup. A logo that is no picture is left out.
    """
    return typst.compile(
        _FOLDER / "invoice.typ",
        root=_FOLDER,
        font_paths=_fonts(),
        sys_inputs={"document": json.dumps(document_texts(document)), "logo": _logo(document.logo)},
        timestamp=int(document.issued_at.timestamp()),
    )


def _logo(content: bytes) -> str:
    """Return a picture's bytes as a list of numbers, from which alone typst reads bytes; null without one."""
    format_ = logo_format(content)
    return json.dumps({"format": format_, "bytes": list(content)} if format_ else None)


@cache
def _fonts() -> typst.Fonts:
    # The machine's fonts come last, for scripts that ours lack.
    return typst.Fonts(include_system_fonts=True, font_paths=[_FOLDER / "fonts"])
