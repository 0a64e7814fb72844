"""Files to import, and the command that imports them."""

from io import StringIO
from types import SimpleNamespace

from django.core.management import CommandError, call_command

ROWS = ("2026-01-05 12:00:00,acme,10", "2026-01-05 12:00:01,acme,20", "2026-01-05 12:00:02,bolt,30")
HEADER = "time,subject,tokens"


def write(folder, *rows, header=HEADER, name="usage.csv"):
    path = folder / name
    path.write_text("\n".join([header, *(rows or ROWS)]) + "\n")
    return path


def run(path, *options, type_="llm"):
    """Import a file; `error` is what the command ended with, None if it took all rows."""
    out, err, error = StringIO(), StringIO(), None
    types = [] if type_ is None else ["--type", type_]
    try:
        call_command("import_events", str(path), *types, *options, stdout=out, stderr=err)
    except CommandError as refusal:
        error = refusal
    return SimpleNamespace(out=out.getvalue(), err=err.getvalue(), error=error)


def counts(accepted=0, duplicate=0, conflict=0, rejected=0):
    """The line in which the command says what came of a file."""
    return f"accepted {accepted:,}, duplicate {duplicate:,}, conflict {conflict:,}, rejected {rejected:,}"
