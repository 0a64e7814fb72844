"""What a document says: the way to the total, what is settled, what to do, and the usage behind each metered line."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from invoicing.document import Corrected, Discount, Settlement, Tax, UsagePage
from invoicing.document_texts import document_texts
from invoicing.logo import InvalidLogo, check_logo, logo_format
from invoicing.pdf import render_pdf
from tests.invoicing.documents import JANUARY, document, page_texts

AT = datetime(2026, 2, 1, 0, 30, tzinfo=UTC)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#3448c5"/></svg>'
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
# 101.75 - 10.18 = 91.57; 19 % of it is 17.3983, rounded 17.40; 91.57 + 17.40 = 108.97
TAXED = {
    "subtotal": Decimal("101.75"),
    "discounts": (Discount("Partner 10 %", Decimal("10.18")),),
    "taxes": (Tax("VAT", Decimal(19), Decimal("91.57"), Decimal("17.40")),),
    "total": Decimal("108.97"),
}
USAGE = UsagePage(
    name="Tokens",
    period=JANUARY,
    meter="Tokens used",
    days=tuple((date(2026, 1, 1) + timedelta(days=n), Decimal(n)) for n in range(31)),
    # 0 + 1 + ... + 30
    total=Decimal(465),
    adds_up=True,
    steps=(("Unit conversion: 465 / 5 = 93 packs", None), ("93 packs at 0.1 each = 9.30", Decimal("9.30"))),
    amount=Decimal("0.30"),
    change="Until now 450 units = 9.00; now 465 units = 9.30; difference 0.30",
)


def test_it_tells_the_way_from_the_lines_to_the_total():
    found = document_texts(document(**TAXED))
    assert [(name.replace("\N{NO-BREAK SPACE}", " "), value) for name, value in found["sums"]] == [
        ("Subtotal", "$101.75"),
        ("Partner 10 %", "-$10.18"),
        ("VAT 19 % on $91.57", "$17.40"),
    ]
    assert (found["total"], found["settlements"], found["due"]) == ("$108.97", [], None)


def test_tax_within_the_price_needs_no_subtotal():
    tax = Tax("VAT", Decimal("7.7"), Decimal("101.75"), Decimal("7.27"), is_inclusive=True)
    (row,) = document_texts(document(taxes=(tax,)))["sums"]
    assert row == ["Includes VAT 7.7\N{NO-BREAK SPACE}% on $101.75", "$7.27"]


@pytest.mark.parametrize(
    ("_case", "changes", "note"),
    [
        ("to pay", {}, "Please pay $101.75 by March 3, 2026, quoting the invoice number INV-000042."),
        (
            "charged",
            {"is_charged": True},
            "$101.75 is charged to your payment method automatically by March 3, 2026. You need not do anything.",
        ),
        (
            "partly paid",
            {"settlements": (Settlement("Paid by bank transfer", AT, Decimal("1.75")),)},
            "Please pay $100.00 by March 3, 2026, quoting the invoice number INV-000042.",
        ),
        (
            "paid",
            {"is_charged": True, "settlements": (Settlement("Paid", AT, Decimal("101.75")),)},
            "This invoice is settled. Nothing is left to pay.",
        ),
        ("nothing", {"total": Decimal("0.00")}, "Nothing is to be paid."),
        (
            "given back",
            {"is_credit_note": True, "settlements": (Settlement("Taken off INV-1", AT, Decimal("60")),)},
            "This credit note gives you back $101.75. $41.75 of it is taken off what you owe next.",
        ),
    ],
)
def test_it_says_what_to_do(_case, changes, note):
    assert document(**changes).payment_note == note


def test_a_credit_note_names_what_it_corrects_and_has_no_due_day():
    note = document(
        is_credit_note=True, number="CN-000007", corrects=Corrected("INV-000042", AT), reason="Outage of 3 May"
    )
    found = document_texts(note)
    assert (found["title"], found["kind"]) == ("Credit note CN-000007", "Credit note")
    assert found["corrects"] == "This credit note corrects invoice INV-000042 of February 1, 2026: Outage of 3 May"
    assert [name for name, _ in found["facts"]] == [
        *("Credit note number", "Issue date", "Service period", "Corrects invoice", "Customer reference")
    ]


def test_nothing_is_never_below_zero():
    assert document().formats.money(Decimal("-0.00")) == "$0.00"


def test_the_usage_of_a_line_has_a_page_with_its_days_sum_and_steps():
    content = render_pdf(document(usage=(USAGE, USAGE), logo=SVG, **TAXED))
    first, second, third = page_texts(content)
    assert second.replace("Page 2", "Page 3") == third
    lines = second.replace("\N{EN DASH}", "-").replace("\N{THIN SPACE}", " ").splitlines()
    assert lines[:4] == ["USAGE", "Tokens", "Jan 1 - 31, 2026 · counted by Tokens used", f"{USAGE.change}"]
    assert {"Jan 1, 2026 0", "Jan 31, 2026 30", "Sum 465"} <= set(lines)
    assert lines[-4:-1] == [
        "Unit conversion: 465 / 5 = 93 packs",
        "93 packs at 0.1 each = 9.30 $9.30",
        "Amount of this line, less what was billed before $0.30",
    ]
    assert "Tokens GmbH Invoice" not in first
    assert render_pdf(document(usage=(USAGE, USAGE), logo=SVG, **TAXED)) == content


def test_a_logo_is_a_png_or_an_svg_that_can_be_drawn():
    assert (logo_format(SVG), logo_format(PNG)) == ("svg", "png")
    broken = (b"", b"GIF89a", b"<svg", PNG[:40])
    assert [logo_format(content) for content in broken] == [""] * 4
    assert render_pdf(document(logo=b"<svg")) == render_pdf(document())
    check_logo(SVG)
    for content, sentence in ((b"<svg", "PNG or SVG"), (SVG + b" " * 200_000, "200,000 are allowed")):
        with pytest.raises(InvalidLogo, match=sentence):
            check_logo(content)
