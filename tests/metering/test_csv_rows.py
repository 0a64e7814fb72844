from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.csv_file import Row
from metering.csv_rows import UnusableColumns, UnusableRow, Wishes, choose_columns, number_or_text, read_time, to_event
from metering.values import parse_value

ALL = {"type": "llm", "subject": "acme", "time": "2026-01-05T12:00:00Z"}


def event_of(header, fields, **wishes):
    return to_event(choose_columns(header, Wishes(**wishes)), Row(7, 7, 99, fields), "content-7")


def data_of(event):
    return msgspec.json.encode(event["data"]).decode()


@pytest.mark.parametrize(
    ("text", "zone", "time_format", "expected"),
    [
        ("2023-11-16 18:17:03.9799600", "UTC", None, datetime(2023, 11, 16, 18, 17, 3, 979960, UTC)),
        (" 2026-01-05T12:00:00+02:00 ", "Asia/Tokyo", None, datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("2026-07-01 12:00", "Europe/Berlin", None, datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-07-01", "America/New_York", None, datetime(2026, 7, 1, 4, tzinfo=UTC)),
        # The hour from 2 to 3 comes twice that night; the first is summer time, two hours ahead.
        ("2026-10-25 02:30:00", "Europe/Berlin", None, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-01-05 12:00:00 UTC", "Asia/Tokyo", None, datetime(2026, 1, 5, 12, tzinfo=UTC)),
        ("1767614400", "Asia/Tokyo", None, datetime(2026, 1, 5, 12, tzinfo=UTC)),
        ("1767614400.25", "UTC", None, datetime(2026, 1, 5, 12, 0, 0, 250_000, UTC)),
        ("1767614400123", "UTC", None, datetime(2026, 1, 5, 12, 0, 0, 123_000, UTC)),
        ("1767614400123456789", "UTC", None, datetime(2026, 1, 5, 12, 0, 0, 123_456, UTC)),
        ("05/01/2026 6:17 PM", "UTC", "%d/%m/%Y %I:%M %p", datetime(2026, 1, 5, 18, 17, tzinfo=UTC)),
    ],
)
def test_it_reads_times(text, zone, time_format, expected):
    assert read_time(text, zone, time_format) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "05/01/2026", "176761440", "0001-01-01"])
def test_it_refuses_what_is_no_time(text):
    with pytest.raises(UnusableRow, match=r"^The time .* Write it like 2026-01-31 12:00:00, or name a --time-format"):
        read_time(text, "Asia/Tokyo", None)


@pytest.mark.parametrize("text", ["0", "-7", "1.50", "0.1000000000000000055511", "9" * 38 + "." + "9" * 38])
def test_it_keeps_the_digits_of_a_number(text):
    assert msgspec.json.encode(number_or_text(f" {text} ")).decode() == text


@pytest.mark.parametrize("text", ["007", "1e3", "+5", "1,5", "1_000", "NaN", ".5", "5.", "0x1F", "9" * 39, "\u0661"])
def test_it_keeps_other_text_as_text(text):
    assert number_or_text(text) == text


@given(st.text("0123456789.-+e ", max_size=90))
def test_what_becomes_a_number_is_the_same_value_as_its_text(text):
    found = number_or_text(text)
    if isinstance(found, msgspec.Raw):
        number = parse_value(msgspec.json.Decoder(float_hook=Decimal).decode(found))
        assert number is not None
        assert number == parse_value(text.strip())


def test_it_takes_columns_of_obvious_names_and_puts_the_others_into_data():
    header = ["Event Type", "user_id", "Timestamp", "tokens", "model", "", "rejected_line"]
    event = event_of(header, ["llm", "acme", "2026-01-05 12:00:00", "10", "gpt", "x", "3"])
    assert {name: value for name, value in event.items() if name != "data"} == {
        "id": "content-7",
        "source": "import",
        "type": "llm",
        "subject": "acme",
        "time": "2026-01-05T12:00:00+00:00",
    }
    assert data_of(event) == '{"tokens":10,"model":"gpt"}'


def test_it_nests_data_by_dots_and_leaves_out_empty_fields():
    pairs = [("usage.input", "In"), ("usage.output", "Out"), ("model", "Model")]
    event = event_of(["In", "Out", "Model", "Other"], ["4808", "", "a b", "1"], texts=ALL, data=pairs)
    assert data_of(event) == '{"usage":{"input":4808},"model":"a b"}'
    event = event_of(["In", "Other"], ["1", "2"], texts=ALL, data=[("in", "In")], other_columns=True)
    assert data_of(event) == '{"in":1,"Other":2}'


def test_it_takes_data_as_it_is_written():
    event = event_of(["json"], [' {"a": 1.50, "b": [1]}'], texts=ALL, data_column="json")
    assert data_of(event) == '{"a": 1.50, "b": [1]}'
    with pytest.raises(UnusableRow, match=r"^The data cannot be read as JSON"):
        event_of(["json"], ['{"a": 1},"subject":"x"'], texts=ALL, data_column="json")


@pytest.mark.parametrize("fields", [["1"], ["1", "2", "3"]])
def test_it_refuses_a_row_of_another_width(fields):
    with pytest.raises(UnusableRow, match=f"The row has {len(fields)} fields, and the file 2 columns"):
        event_of(["a", "b"], fields, texts=ALL)
    assert data_of(event_of(["a", "b"], ["1", "2", "", ""], texts=ALL)) == '{"a":1,"b":2}'


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"columns": {"time": "when"}}, "There is no column 'when'. The file has: a, b, b."),
        ({"columns": {"subject": "b"}}, "The file has 2 columns 'b'. Rename all but one."),
        ({"texts": {"type": "llm", "subject": "x"}}, "Say when it happened, with --time-column NAME"),
        ({"texts": ALL, "time_zone": "Berlin"}, "'Berlin' is no time zone. Name one such as Europe/Berlin."),
        ({"texts": ALL, "data": [("a.", "a")]}, "The name 'a.' in data has an empty part."),
        ({"texts": ALL, "data": [("x", "a"), ("x", "a")]}, "The name 'x' in data is given twice."),
        ({"texts": ALL, "data": [("x", "a"), ("x.y", "a")]}, "In data, 'x' can't hold both a value and 'x.y'."),
        ({"texts": ALL, "data": [("x", "a")], "data_column": "a"}, "Give either one column that holds data"),
        ({"texts": ALL, "other_columns": True}, "The name 'b' in data is given twice."),
    ],
)
def test_it_says_what_is_wrong_with_the_columns(wishes, sentence):
    with pytest.raises(UnusableColumns) as refusal:
        choose_columns(["a", "b", "b"], Wishes(**wishes))
    assert refusal.value.message.startswith(sentence)
