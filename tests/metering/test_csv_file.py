import io

import pytest

from metering.csv_file import LONGEST_ROW, Layout, RejectedRow, RejectedRows, Row, UnusableFile, read_layout, read_rows


def rows_of(content, *, delimiter=",", position=0, line=0):
    file = io.BytesIO(content)
    file.seek(position)
    return list(read_rows(file, delimiter=delimiter, encoding="utf-8", position=position, line=line))


def layout_of(content, **options):
    return read_layout(io.BytesIO(content), **{"delimiter": None, "encoding": "utf-8", **options})


def test_it_says_where_each_row_starts_and_ends_quoted_newlines_included():
    content = b'a,b\n1,"two\nlines"\r\n\n3,4'
    assert rows_of(content) == [
        Row(1, 1, 4, ["a", "b"]),
        Row(2, 3, 19, ["1", "two\nlines"]),
        Row(5, 5, 23, ["3", "4"]),
    ]


def test_it_goes_on_from_the_end_of_any_row():
    content = '\ufeffa,b\n"x\ny",ä\nbad"x,"1"2\nz,"never closed\n5,6\n'.encode()
    whole = rows_of(content)
    for number, row in enumerate(whole):
        assert rows_of(content, position=row.end, line=row.last_line) == whole[number + 1 :]


def test_it_gives_up_only_the_line_of_a_stray_quote():
    found = rows_of(b'1,2\n3,"4\n5,6\n7,8\n')
    assert [(row.line, row.fields) for row in found] == [
        (1, ["1", "2"]),
        (2, ['3,"4']),
        (3, ["5", "6"]),
        (4, ["7", "8"]),
    ]
    assert [row.problem for row in found] == [None, "A quote is opened and never closed.", None, None]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'"a"b,1', 'Text follows a closing quote. Inside a quoted field, write a quote as two: "".'),
        (b"a\xff,1", "It is not utf-8 at byte 2 of its line."),
        (b"a\rb,1", "A carriage return stands inside the row. Put quotes around the field that holds it."),
        (b"a" * 200_000 + b",1", "A field is longer than 131,072 characters."),
    ],
)
def test_it_says_why_a_row_cannot_be_read_and_goes_on(line, problem):
    bad, good = rows_of(line + b"\n1,2\n")
    assert bad.problem == problem
    assert (good.line, good.fields) == (2, ["1", "2"])


@pytest.mark.parametrize("filler", [b"a" * (LONGEST_ROW * 2 + 7), b"1," * LONGEST_ROW])
def test_it_skips_a_line_without_end_in_bounded_memory(filler):
    bad, good = rows_of(filler + b"\n1,2\n")
    assert bad.problem.startswith("It is longer than 1,048,576 bytes.")
    assert (good.line, good.fields, good.end) == (2, ["1", "2"], len(filler) + 5)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_it_finds_the_delimiter_and_drops_a_byte_order_mark(delimiter):
    content = delimiter.join(["\ufefftime", '"a, b; c"', " tokens "]) + "\n1"
    assert layout_of(content.encode()) == Layout(
        ("time", "a, b; c", "tokens"), delimiter, "utf-8", len(content.encode()) - 1, 1
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty. Its first row has to name the columns."),
        ("a,b".encode("utf-16"), "The file is no CSV in an encoding that can be read. Save it as CSV in UTF-8."),
        (b'"a', "The row of column names cannot be read. A quote is opened and never closed."),
    ],
)
def test_it_refuses_what_names_no_columns(content, sentence):
    with pytest.raises(UnusableFile, match=sentence.replace(".", r"\.")):
        layout_of(content)


def test_it_overwrites_rejected_rows_of_a_try_that_was_cut_off(tmp_path):
    rejected = RejectedRows(tmp_path / "x.rejected.csv", Layout(("a", "b"), ",", "utf-8", 4, 1))
    first = rejected.add([RejectedRow(Row(2, 2, 8, ["1", 'x"']), "Bad.", "id-2")], after=0)
    rejected.add([RejectedRow(Row(3, 3, 9, ["lost"]), "Lost.", "id-3")], after=first)
    rejected.add([RejectedRow(Row(4, 4, 12, ["3", "4"]), "Worse.", "id-4")], after=first)
    assert rejected.path.read_text() == (
        'rejected_line,rejected_reason,rejected_id,a,b\n2,Bad.,id-2,1,"x"""\n4,Worse.,id-4,3,4\n'
    )


def test_it_keeps_the_rejected_rows_of_other_imports(tmp_path):
    rejected = RejectedRows(tmp_path / "x.rejected.csv", Layout(("a",), ",", "utf-8", 2, 1))
    for text in ("one", "two"):
        rejected.path.write_text(text)
        rejected.set_aside()
    rejected.set_aside()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "x.rejected.csv.1": "one",
        "x.rejected.csv.2": "two",
    }
