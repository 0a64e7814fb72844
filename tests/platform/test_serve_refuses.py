"""What `serve` refuses, each with one sentence and no traceback."""

import os
import socket
import subprocess
import sys
from argparse import ArgumentTypeError

import pytest

from billing_site.external_database import UnusableDatabase, refuse_old_version
from billing_site.network import port_number
from tests.live_server import ROOT, environment, processes_of


def refusal_of(data_dir, *arguments, **variables):
    """Run `serve`, which has to end by itself; return its one line."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "serve", *arguments],
        env=environment(data_dir, **variables),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert done.returncode in {1, 2}
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert processes_of(data_dir) == []
    return lines[0]


def test_it_refuses_a_port_that_is_taken(data_dir):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"Port {port} on 127.0.0.1 is taken" in refusal_of(data_dir, "--port", str(port))
    assert not (data_dir / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "-1", "65536", "99999", "http"])
def test_it_refuses_a_port_that_there_is_not(port):
    with pytest.raises(ArgumentTypeError, match="choose a port from 1 to 65535"):
        port_number(port)
    assert port_number("65535") == 65_535


def test_it_refuses_a_database_that_does_not_answer(data_dir):
    url = "postgres://billing:hidden@127.0.0.1:1/billing"
    line = refusal_of(data_dir, DATABASE_URL=url, BILLING_SECRET_KEY="x")
    assert "can't be reached, check DATABASE_URL" in line
    assert "hidden" not in line


def test_it_refuses_a_database_url_without_a_shared_secret(data_dir):
    line = refusal_of(data_dir, DATABASE_URL="postgres://billing@127.0.0.1:1/billing")
    assert "set BILLING_SECRET_KEY" in line


@pytest.mark.parametrize(("version", "is_refused"), [(150_018, True), (160_000, False), (180_004, False)])
def test_it_refuses_a_server_older_than_16(version, is_refused):
    if not is_refused:
        refuse_old_version(version)
        return
    with pytest.raises(UnusableDatabase, match="PostgreSQL 15, and 16 or newer is needed"):
        refuse_old_version(version)


def test_it_refuses_a_folder_that_is_not_writable(tmp_path):
    # Below a file, because root may write to any folder.
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    assert f"The data folder {folder} is not writable" in refusal_of(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's database runs under another user")
def test_it_refuses_a_folder_that_the_system_user_may_not_enter_and_leaves_its_mode_alone(tmp_path):
    tmp_path.chmod(0o700)
    assert "may not enter" in refusal_of(tmp_path / "data")
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_it_refuses_a_folder_of_another_version(data_dir):
    (data_dir / "postgres").mkdir(parents=True)
    data_dir.chmod(0o711)
    (data_dir / "postgres" / "PG_VERSION").write_text("16\n")
    line = refusal_of(data_dir)
    assert "was made by PostgreSQL 16" in line
    assert "PostgreSQL 18" in line


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])
def test_it_refuses_to_open_the_api_to_others_without_keys(data_dir, host):
    assert "needs a loopback address" in refusal_of(data_dir, "--host", host, BILLING_API_AUTH="off")


def test_it_refuses_a_word_that_is_neither_on_nor_off(data_dir):
    assert "set it to on or off" in refusal_of(data_dir, BILLING_API_AUTH="false")


@pytest.mark.parametrize(
    ("name", "value"), [("BILLING_PG_VERSION", "15"), ("BILLING_PG_VERSION", "new"), ("BILLING_MAX_BODY_BYTES", "big")]
)
def test_it_names_a_variable_that_it_cannot_use(data_dir, name, value):
    assert name in refusal_of(data_dir, **{name: value})
