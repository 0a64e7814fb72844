"""Commands that need the tables say so in one sentence where there are none."""

import subprocess
import sys

import pytest

from tests.live_server import ROOT, environment

COMMANDS = [("create_api_key", "ci", "--scope", "read"), ("bill",), ("audit",), ("work",)]


def refusal_of(data_dir, *arguments, **variables):
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=environment(data_dir, **variables),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_it_names_the_database_that_does_not_answer(data_dir, command):
    line = refusal_of(data_dir, *command, DATABASE_URL="postgres://127.0.0.1:1/none", BILLING_SECRET_KEY="x")
    assert "The database none at 127.0.0.1 can't be reached, check DATABASE_URL" in line


def test_it_names_what_prepares_a_database_without_tables(data_dir):
    for command in COMMANDS:
        assert "run manage.py migrate, or manage.py serve" in refusal_of(data_dir, *command)
