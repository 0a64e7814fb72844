"""Pure: all that a document says as texts, laid out by nobody yet: the PDF and the HTML page are made of the same."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from babel import dates

from invoicing.document import InvoiceDocument, Line, Part, Party, UsagePage
from invoicing.formats import Formats
from metering.periods import Period

_DASH, _NO_BREAK = "\N{EN DASH}", "\N{NO-BREAK SPACE}"
_HUNDRED = Decimal(100)


def document_texts(document: InvoiceDocument) -> dict[str, Any]:
    """Return every text of a document, in plain JSON data; `share` is the length of a bar in hundredths."""
    formats = document.formats
    kind = "Credit note" if document.is_credit_note else "Invoice"
    return {
        "kind": kind,
        "title": f"{kind} {document.number}",
        "number": document.number,
        "facts": list(_facts(document, kind)),
        "seller": _party(document.seller),
        "buyer": _party(document.buyer),
        "buyer_title": "To" if document.is_credit_note else "Bill to",
        "corrects": _corrects(document),
        "currency": document.currency,
        "lines": [_line(line, document) for line in document.lines],
        "sums": [[name, formats.money(amount)] for name, amount in _sums(document)],
        "total_name": f"Total in {document.currency}",
        "total": formats.money(document.total),
        "settlements": list(_settlements(document)),
        "due": _due(document),
        "note_title": "Credit" if document.is_credit_note else "Payment",
        "note": document.payment_note,
        "usage": [_usage(page, formats) for page in document.usage],
    }


def _facts(document: InvoiceDocument, kind: str) -> Iterator[list[str]]:
    formats = document.formats
    yield [f"{kind} number", document.number]
    yield ["Issue date", formats.day(document.issued_at)]
    if document.due_at and not document.is_credit_note:
        yield ["Due date", formats.day(document.due_at)]
    yield ["Service period", _period(document.period, formats)]
    if document.corrects:
        yield ["Corrects invoice", document.corrects.number]
    if document.buyer.reference:
        yield ["Customer reference", document.buyer.reference]


def _corrects(document: InvoiceDocument) -> str:
    """Say which invoice a credit note corrects, and why."""
    reason = f" {document.reason}" if document.reason else ""
    if document.corrects is None:
        return f"Reason:{reason}" if reason else ""
    day = document.formats.day(document.corrects.issued_at)
    named = f"This credit note corrects invoice {document.corrects.number} of {day}"
    return f"{named}:{reason}" if reason else f"{named}."


def _sums(document: InvoiceDocument) -> Iterator[tuple[str, Decimal]]:
    """Yield the way from the lines to the total; nothing where they are the same."""
    formats = document.formats
    if document.discounts or any(not tax.is_inclusive for tax in document.taxes):
        yield "Subtotal", document.subtotal
    for discount in document.discounts:
        yield discount.name, -discount.amount
    for tax in document.taxes:
        rate = f"{tax.name} {formats.quantity(tax.percentage)}{_NO_BREAK}%"
        base = formats.money(tax.taxable)
        yield (f"Includes {rate} on {base}" if tax.is_inclusive else f"{rate} on {base}"), tax.amount


def _settlements(document: InvoiceDocument) -> Iterator[list[str]]:
    formats = document.formats
    sign = 1 if document.is_credit_note else -1
    for settled in document.settlements:
        yield [f"{settled.name}, {formats.day(settled.at)}", formats.money(sign * settled.amount)]


def _due(document: InvoiceDocument) -> list[str] | None:
    if not document.settlements:
        return None
    return ["Still to your credit" if document.is_credit_note else "Amount due", document.formats.money(document.due)]


def _period(period: Period, formats: Formats) -> str:
    """Let a period break at its dash alone."""
    return formats.period(period).replace(" ", _NO_BREAK).replace(f"{_DASH}{_NO_BREAK}", f"{_DASH} ")


def _party(party: Party) -> dict[str, Any]:
    details = [*party.address, party.email, f"Tax ID {party.tax_id}" if party.tax_id else ""]
    return {"name": party.name, "details": [text for text in details if text]}


def _line(line: Line, document: InvoiceDocument) -> dict[str, Any]:
    formats = document.formats
    return {
        "name": line.name,
        "period": _period(line.period, formats),
        "quantity": formats.quantity(line.quantity),
        "unit_amount": "" if line.unit_amount is None else formats.money(line.unit_amount),
        "amount": formats.money(line.amount),
        "parts": [*_remarks(line, formats), *(_part(part, formats) for part in line.parts)],
    }


def _remarks(line: Line, formats: Formats) -> Iterator[dict[str, str]]:
    free = f"Of these, {formats.quantity(line.free)} free" if line.free else ""
    for remark in filter(None, (line.note, free)):
        yield {"name": remark, "quantity": "", "unit_amount": "", "amount": ""}


def _part(part: Part, formats: Formats) -> dict[str, str]:
    return {
        "name": part.name,
        "quantity": "" if part.quantity is None else formats.quantity(part.quantity),
        "unit_amount": "" if part.unit_amount is None else formats.money(part.unit_amount),
        "amount": formats.money(part.amount),
    }


def _usage(page: UsagePage, formats: Formats) -> dict[str, Any]:
    most = max((quantity for _, quantity in page.days), default=Decimal(0))
    return {
        "name": page.name,
        "period": formats.period(page.period),
        "meter": page.meter,
        "change": page.change,
        "days": [
            {
                "day": dates.format_date(day, "medium", locale=formats.locale),
                "quantity": formats.quantity(quantity),
                "share": int(max(quantity, Decimal(0)) * _HUNDRED / most) if most > 0 else 0,
            }
            for day, quantity in page.days
        ],
        "total_name": "Sum" if page.adds_up else "In the whole period",
        "total": formats.quantity(page.total),
        "steps": [
            {"text": text, "amount": "" if amount is None else formats.money(amount)} for text, amount in page.steps
        ],
        "amount_name": "Amount of this line, less what was billed before" if page.change else "Amount of this line",
        "amount": formats.money(page.amount),
    }
