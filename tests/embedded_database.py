"""
A pytest plugin that brings up one embedded PostgreSQL for the whole run, before Django reads its settings.

It is loaded by `-p` in pyproject.toml, because conftest files come too late for DATABASE_URL. With DATABASE_URL set,
as in the processes that pytest-xdist starts, that server is used.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Generator
from pathlib import Path

import pytest

from billing_site.data_dir import embedded_database_url
from billing_site.embedded_postgres import EmbeddedPostgres

_UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
_running: list[tuple[EmbeddedPostgres, Path]] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    os.environ.setdefault("BILLING_SECRET_KEY", "only-for-tests")
    # Tells a template database of this run from one that an earlier run left behind.
    os.environ.setdefault("BILLING_TEST_RUN", uuid.uuid4().hex)
    options = early_config.known_args_namespace
    if not os.environ.get("DATABASE_URL") and not options.help and not options.version:
        _start()
    try:
        yield
    except BaseException:
        # Such as settings that do not load: then nobody calls pytest_unconfigure.
        _stop()
        raise


def pytest_unconfigure() -> None:
    _stop()


def _stop() -> None:
    while _running:
        server, folder = _running.pop()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="billing-tests-"))
    # For root, another user runs the server and has to enter this folder.
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder / "data", settings=_UNSAFE_BUT_FAST)
    server.start()
    _running.append((server, folder))
    os.environ["DATABASE_URL"] = embedded_database_url(server.data_dir)
