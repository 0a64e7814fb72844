"""An invoice's document as PDF, typeset by typst: the same document gives the same bytes."""

import json
from functools import cache
from pathlib import Path

import typst

from invoicing.document import InvoiceDocument, Line, Part, Party

_FOLDER = Path(__file__).with_name("typst")


def render_pdf(document: InvoiceDocument) -> bytes:
    """
    Return an invoice as PDF, dated at its issue.

    All that it says enters as data, so nothing in it can act as markup.
    """
    return typst.compile(
        _FOLDER / "invoice.typ",
        root=_FOLDER,
        font_paths=_fonts(),
        sys_inputs={"document": json.dumps(_texts(document))},
        timestamp=int(document.issued_at.timestamp()),
    )


@cache
def _fonts() -> typst.Fonts:
    # The machine's fonts come last, for scripts that ours lack.
    return typst.Fonts(include_system_fonts=True, font_paths=[_FOLDER / "fonts"])


def _texts(document: InvoiceDocument) -> dict[str, object]:
    formats = document.formats
    return {
        "title": f"Invoice {document.number}",
        "number": document.number,
        "facts": [
            ["Invoice number", document.number],
            ["Issue date", formats.day(document.issued_at)],
            ["Due date", formats.day(document.due_at)],
            ["Service period", formats.period(document.period)],
            *([["Customer reference", document.buyer.reference]] if document.buyer.reference else []),
        ],
        "seller": _party(document.seller),
        "buyer": _party(document.buyer),
        "currency": document.currency,
        "lines": [_line(line, document) for line in document.lines],
        "total": formats.money(document.total),
        "due": formats.day(document.due_at),
        "note": document.payment_note,
    }


def _party(party: Party) -> dict[str, object]:
    details = [*party.address, party.email, f"Tax ID {party.tax_id}" if party.tax_id else ""]
    return {"name": party.name, "details": [text for text in details if text]}


def _line(line: Line, document: InvoiceDocument) -> dict[str, object]:
    formats = document.formats
    return {
        "name": line.name,
        "period": formats.period(line.period),
        "quantity": formats.quantity(line.quantity),
        "unit_amount": "" if line.unit_amount is None else formats.money(line.unit_amount),
        "amount": formats.money(line.amount),
        "parts": [_part(part, document) for part in line.parts],
    }


def _part(part: Part, document: InvoiceDocument) -> dict[str, object]:
    formats = document.formats
    return {
        "name": part.name,
        "quantity": formats.quantity(part.quantity),
        "unit_amount": formats.money(part.unit_amount),
        "amount": formats.money(part.amount),
    }
