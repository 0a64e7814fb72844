"""The PDF holds exactly what the document says, whatever the names in it look like."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from invoicing.document import Part, line, party
from invoicing.pdf import render_pdf
from tests.invoicing.documents import FEE, JANUARY, document, page_texts, read_pdf

PAGE = """\
Tokens GmbH Invoice
FROM
Tokens GmbH
Hauptstraße 1
10115 Berlin
Germany
Tax ID DE123456789
BILL TO
Acme Ltd
United Kingdom
billing@acme.example
Invoice number INV-000042
Issue date February 1, 2026
Due date March 3, 2026
Service period Jan 1 - Feb 28, 2026
Customer reference acme
Description Period Quantity Unit price Amount
Base fee Feb 1 - 28, 2026 1 $99.00 $99.00
Tokens Jan 1 - 31, 2026 1,500,000 $2.75
Usage price for tier 1 1,000,000 $0.000002 $2.00
Usage price for tier 2 500,000 $0.0000015 $0.75
Total in USD $101.75
PAYMENT
Please pay $101.75 by March 3, 2026, quoting the invoice number INV-000042.
Tokens GmbH · Invoice INV-000042 Page 1 of 1"""


def plain(text):
    """Read the dashes of periods, and the thin blanks around them, as those of a keyboard."""
    return text.replace("\u2009", " ").replace("\xa0", " ").replace("\N{EN DASH}", "-")


def without_blanks(text):
    return "".join(text.split())


def test_it_says_everything_once_and_in_order():
    (text,) = page_texts(render_pdf(document()))
    assert plain(text) == PAGE


def test_it_gives_the_same_bytes_for_the_same_document():
    assert render_pdf(document()) == render_pdf(document())


def test_other_documents_in_between_change_no_byte():
    first = render_pdf(document())
    render_pdf(document(number="INV-000043", lines=(FEE,) * 50))
    assert render_pdf(document()) == first


def test_it_carries_title_author_and_the_time_of_issue():
    information = read_pdf(render_pdf(document())).metadata
    assert (information.title, information.author) == ("Invoice INV-000042", "Tokens GmbH")
    assert information.creation_date == datetime(2026, 2, 1, 0, 30, tzinfo=UTC)


def test_it_repeats_the_heads_of_columns_and_counts_pages():
    lines = tuple(
        line(name=f"Department {n}", period=JANUARY, quantity=Decimal(n), amount=Decimal("1.00"), parts=[])
        for n in range(1, 101)
    )
    texts = [plain(text) for text in page_texts(render_pdf(document(lines=lines)))]
    assert len(texts) > 2
    for number, text in enumerate(texts, start=1):
        assert "Description Period Quantity Unit price Amount" in text
        assert text.endswith(f"Invoice INV-000042 Page {number} of {len(texts)}")
    rows = [row for text in texts for row in text.splitlines() if row.startswith("Department ")]
    assert rows == [f"Department {n} Jan 1 - 31, 2026 {n} $1.00" for n in range(1, 101)]
    assert ["Total in USD $101.75" in text for text in texts] == [False] * (len(texts) - 1) + [True]


def test_a_line_stays_on_one_page_with_its_parts():
    parts = [Part(f"part {n}", Decimal(1), Decimal("1.00"), Decimal("1.00")) for n in range(1, 6)]
    lines = tuple(
        line(name=f"Department {n}", period=JANUARY, quantity=Decimal(5), amount=Decimal("5.00"), parts=parts)
        for n in range(40)
    )
    for text in page_texts(render_pdf(document(lines=lines))):
        assert text.count("Department ") * 5 == text.count("Part ")


@pytest.mark.parametrize(
    "name",
    [
        '#panic("x")',
        "*bold* _it_ $x^2$ `raw`",
        "= Heading",
        "- item",
        "\\ #let a = 1; @ref <label>",
        "// comment /* more */",
        "[content] {code} ~ -- ...",
        '"; } #read("/etc/passwd")',
    ],
)
def test_names_never_act_as_markup(name):
    changed = document(
        number=name,
        seller=party({"name": name}),
        buyer=party({"name": name, "key": name, "address": {"line1": name}}),
        lines=(line(name=name, period=JANUARY, quantity=Decimal(1), amount=Decimal(1), parts=[]),),
    )
    content = render_pdf(changed)
    (text,) = page_texts(content)
    # Title, from, to, address, number, reference, line, note and twice in the footer; some of them broken.
    assert without_blanks(text).count(without_blanks(name)) == 10
    assert read_pdf(content).metadata.author == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u202e\u200f",
        "شركة المثال",
        "חברה לדוגמה",
        "北京示例公司",
        "ไทย",
        "👩‍💻",
        "\U0010fffd",
        "\x00\x07",
        "e" + "\u0301" * 50,
    ],
)
def test_no_script_stops_it(name):
    changed = document(seller=party({"name": name}), buyer=party({"name": name, "address": {"line1": name}}))
    (text,) = page_texts(render_pdf(changed))
    assert "Total in USD $101.75" in text


def test_right_to_left_names_can_be_copied_from_it():
    (text,) = page_texts(render_pdf(document(buyer=party({"name": "חברה"}))))
    assert sorted("חברה") == sorted(char for char in text if "\u0590" <= char <= "\u05ff")


def test_words_and_figures_without_an_end_break_inside_their_column():
    word, figure = "Pneumonoultramicroscopic" * 10, Decimal("1234567890" * 3 + ".12345678901234567890")
    lines = (line(name=word, period=JANUARY, quantity=figure, amount=Decimal("1.00"), parts=[]),)
    content = render_pdf(document(seller=party({"name": word}), buyer=party({"name": word, "key": word}), lines=lines))
    (text,) = page_texts(content)
    rows = text.replace("\u200b", "").splitlines()
    # All 170 mm hold fewer than 100 letters, and the 30 mm of a figure fewer than 20 digits.
    assert max(len(letters) for row in rows for letters in re.findall("[A-Za-z]+", row)) < 100
    assert max(len(digits) for row in rows for digits in re.findall(r"[\d,.]+", row)) < 20
    assert without_blanks("".join(rows)).count(word) >= 4
