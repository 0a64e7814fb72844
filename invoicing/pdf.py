"""An invoice's document as PDF, typeset by typst: the same document gives the same bytes."""

import json
from functools import cache
from pathlib import Path

import typst

from invoicing.document import InvoiceDocument, Line, Part, Party
from invoicing.formats import Formats
from metering.periods import Period

_DASH, _NO_BREAK = "\N{EN DASH}", "\N{NO-BREAK SPACE}"
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
            ["Service period", _period(document.period, formats)],
            *([["Customer reference", document.buyer.reference]] if document.buyer.reference else []),
        ],
        "seller": _party(document.seller),
        "buyer": _party(document.buyer),
        "currency": document.currency,
        "lines": [_line(line, document) for line in document.lines],
        "total": formats.money(document.total),
        "note": document.payment_note,
    }


def _period(period: Period, formats: Formats) -> str:
    """Let a period break at its dash alone."""
    return formats.period(period).replace(" ", _NO_BREAK).replace(f"{_DASH}{_NO_BREAK}", f"{_DASH} ")


def _party(party: Party) -> dict[str, object]:
    details = [*party.address, party.email, f"Tax ID {party.tax_id}" if party.tax_id else ""]
    return {"name": party.name, "details": [text for text in details if text]}


def _line(line: Line, document: InvoiceDocument) -> dict[str, object]:
    formats = document.formats
    return {
        "name": line.name,
        "period": _period(line.period, formats),
        "quantity": formats.quantity(line.quantity),
        "unit_amount": "" if line.unit_amount is None else formats.money(line.unit_amount),
        "amount": formats.money(line.amount),
        "parts": [*_free_units(line, formats), *(_part(part, document) for part in line.parts)],
    }


def _free_units(line: Line, formats: Formats) -> list[dict[str, object]]:
    if not line.free:
        return []
    return [{"name": f"Of these, {formats.quantity(line.free)} free", "quantity": "", "unit_amount": "", "amount": ""}]


def _part(part: Part, document: InvoiceDocument) -> dict[str, object]:
    formats = document.formats
    return {
        "name": part.name,
        "quantity": "" if part.quantity is None else formats.quantity(part.quantity),
        "unit_amount": "" if part.unit_amount is None else formats.money(part.unit_amount),
        "amount": formats.money(part.amount),
    }
