"""One invoice document to print, made of plain data, and reading a PDF back."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from pypdf import PdfReader

from invoicing.document import InvoiceDocument, Part, line, party
from metering.periods import Period

BERLIN = ZoneInfo("Europe/Berlin")
JANUARY = Period(datetime(2026, 1, 1, tzinfo=BERLIN), datetime(2026, 2, 1, tzinfo=BERLIN))
FEBRUARY = Period(JANUARY.end, datetime(2026, 3, 1, tzinfo=BERLIN))
FEE = line(
    name="Base fee",
    period=FEBRUARY,
    quantity=Decimal(1),
    amount=Decimal("99.00"),
    parts=[Part("Base fee", Decimal(1), Decimal("99.00"), Decimal("99.00"))],
)
# 1,000,000 x 0.000002 + 500,000 x 0.0000015 = 2.00 + 0.75 = 2.75
TOKENS = line(
    name="Tokens",
    period=JANUARY,
    quantity=Decimal("1500000"),
    amount=Decimal("2.75"),
    parts=[
        Part("Tokens: usage price for tier 1", Decimal("1E+6"), Decimal("0.000002"), Decimal("2.00")),
        Part("Tokens: usage price for tier 2", Decimal("500000"), Decimal("0.0000015"), Decimal("0.75")),
    ],
)
DOCUMENT = InvoiceDocument(
    number="INV-000042",
    issued_at=datetime(2026, 2, 1, 0, 30, tzinfo=UTC),
    due_at=datetime(2026, 3, 3, 0, 30, tzinfo=UTC),
    period=Period(JANUARY.start, FEBRUARY.end),
    seller=party(
        {
            "name": "Tokens GmbH",
            "tax_id": "DE123456789",
            "address": {"line1": "Hauptstraße 1", "postalCode": "10115", "city": "Berlin", "country": "DE"},
        }
    ),
    buyer=party({"name": "Acme Ltd", "key": "acme", "email": "billing@acme.example", "address": {"country": "GB"}}),
    currency="USD",
    lines=(FEE, TOKENS),
    total=Decimal("101.75"),
    locale="en",
    zone=BERLIN,
)


def document(**changes: Any) -> InvoiceDocument:
    return replace(DOCUMENT, **changes)


def read_pdf(content: bytes) -> PdfReader:
    return PdfReader(BytesIO(content))


def page_texts(content: bytes) -> list[str]:
    return [page.extract_text() for page in read_pdf(content).pages]
