"""The options of `manage.py import_events`: where each field of an event comes from."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from metering.csv_rows import DEFAULT_SOURCE, FIELDS, Wishes

_FIXED = {
    "type": "The type of all events, such as llm_tokens.",
    "subject": "Whose usage all of it is.",
    "time": "The time of all events, such as 2026-01-31T12:00:00Z.",
    "source": f"The source of all events (default: {DEFAULT_SOURCE}); an id counts once in each source.",
}

_ZONE_HELP = (
    "Of times without an offset, such as Europe/Berlin. Where clocks go back, of a time that comes twice the first is"
    " taken; where they go forward, a time that is skipped is read by the offset before (02:30 as 03:30)."
)
_AGAIN_HELP = "Count rows that an earlier import of another file began with once more."


def add_options(parser: ArgumentParser) -> None:
    """Declare the options; a column of an obvious name serves for a field that none is given for."""
    parser.add_argument("file", type=Path, help="A CSV file, plain or compressed by gzip.")
    for name in FIELDS:
        choice = parser.add_mutually_exclusive_group()
        if name in _FIXED:
            choice.add_argument(f"--{name}", help=_FIXED[name])
        choice.add_argument(f"--{name}-column", metavar="COLUMN", help=_column_help(name))
    parser.add_argument("--time-zone", default="UTC", help=_ZONE_HELP)
    parser.add_argument("--time-format", help="How times are written, such as '%%d/%%m/%%Y %%H:%%M'; else ISO 8601.")
    parser.add_argument(
        "--data",
        type=_pair,
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=COLUMN",
        help="What data holds; dots nest: usage.input=InputTokens. Default: all columns that are nothing else.",
    )
    parser.add_argument("--other-columns", action="store_true", help="Put all other columns into data too.")
    parser.add_argument("--data-column", metavar="COLUMN", help="The column that holds data as a JSON object.")
    parser.add_argument("--delimiter", type=_delimiter, help="Between columns; 'tab' for a tab. Default: a guess.")
    parser.add_argument("--encoding", default="utf-8", choices=["utf-8", "cp1252", "latin-1"])
    parser.add_argument("--again", action="store_true", help=_AGAIN_HELP)
    parser.add_argument("--dry-run", action="store_true", help="Check the file, show some events, and store nothing.")
    parser.add_argument("--rows", type=_count, help="With --dry-run: check only so many rows.")


def wishes_of(options: dict[str, Any]) -> Wishes:
    """Return what the options ask for."""
    texts = {name: options[name] for name in _FIXED if options[name] is not None}
    columns = {name: options[f"{name}_column"] for name in FIELDS if options[f"{name}_column"] is not None}
    return Wishes(
        texts=texts,
        columns=columns,
        time_zone=options["time_zone"],
        time_format=options["time_format"],
        data=options["data"],
        data_column=options["data_column"],
        other_columns=options["other_columns"],
    )


def _column_help(name: str) -> str:
    if name == "id":
        return (
            "The column of unique ids. Without one, an id is made of the file's content and the line: a file that only"
            " got longer goes on after the rows it had, and one that was changed elsewhere is refused."
        )
    return f"The column of the {name}."


def _pair(text: str) -> tuple[str, str]:
    name, sign, column = text.partition("=")
    if not (name and sign and column):
        raise ArgumentTypeError(f"write NAME=COLUMN, such as tokens=ContextTokens, not {text!r}")
    return name, column


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise ArgumentTypeError(f"write a number of rows, such as 100, not {text!r}")
    return int(text)


def _delimiter(text: str) -> str:
    delimiter = "\t" if text in ("tab", "\\t") else text
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ArgumentTypeError(f"write one character, or tab, not {text!r}")
    return delimiter
