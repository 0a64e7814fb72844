"""The private PostgreSQL that runs when no DATABASE_URL is set."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from billing_site.data_dir import socket_dir
from billing_site.postgres_binaries import (
    Account,
    DatabaseUnavailable,
    account_for_database,
    can_enter,
    chosen_version,
    programs_for,
)
from billing_site.postgres_cluster import check_version, initialise, last_line, processes_on, server_pid
from billing_site.processes import FileLock, is_alive, wait_until

__all__ = ["DatabaseUnavailable", "EmbeddedPostgres"]

DATABASE = "billing"
_START_SECONDS = 300
_STOP_SECONDS = 90
_LOG_BYTES = 10 * 1024 * 1024


class EmbeddedPostgres:
    """
    The server of one data folder, shared by every process that has started it and not stopped it yet.

    `settings` are given on the server's command line and so win over its configuration file; they count only where
    this call is the one that brings the server up.
    """

    def __init__(self, data_dir: Path, version: int | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.version = version or chosen_version()
        self.settings = dict(settings or {})
        self.cluster = data_dir / "postgres"
        self.log = data_dir / "postgres.log"
        self._starting = FileLock(data_dir / "start.lock")
        self._users = FileLock(data_dir / "users.lock")
        self._keeper = FileLock(data_dir / "keeper.lock")

    def start(self) -> None:
        """
        Bring the server up, or join the one that runs, and keep it up until `stop` or the end of this process.

        :raises DatabaseUnavailable: with one sentence that says what to change.
        """
        self.prepare_folder()
        account = account_for_database()
        if account and not can_enter(account, self.data_dir):
            raise DatabaseUnavailable(
                f"The database's system user may not enter {self.data_dir}: choose a BILLING_DATA_DIR "
                "below folders that others may enter, or allow it with chmod o+x."
            )
        self._prepare_socket_folder(account)
        programs = programs_for(account, self.version)
        # Waits while a keeper that saw the last user go is stopping the server. From here on none will.
        self._users.take(shared=True)
        try:
            with self._one_starter():
                check_version(self.cluster, self.version)
                if not self._joined():
                    self._stop_leftover()
                    initialise(
                        self.cluster,
                        account=account,
                        programs=programs,
                        version=self.version,
                        sync=self.settings.get("fsync") != "off",
                    )
                    self._launch(account, programs)
                    self._create_database()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Let go of the server, and wait until it has ended if nobody else holds on. Without a start, do nothing."""
        if not self._users.is_held:
            return
        self._users.release()
        # Ending the server is its keeper's alone: who ended it here might be killed before it is done.
        wait_until(lambda: self._keeper.is_free() or self._others_use_it(), seconds=_STOP_SECONDS)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Keep the server up inside a `with` block."""
        self.start()
        try:
            yield
        finally:
            self.stop()

    def is_running(self) -> bool:
        """Answer whether the server has a keeper and a live process of its own."""
        return self.data_dir.exists() and not self._keeper.is_free() and server_pid(self.cluster) is not None

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(socket_dir(self.data_dir)), user="billing", dbname=database, autocommit=True, connect_timeout=10
        )

    # --- folders ---------------------------------------------------------------------------------------------------

    def prepare_folder(self) -> None:
        """
        Make the data folder if it is missing, without touching the mode of any that exists.

        :raises DatabaseUnavailable: if it is not writable.
        """
        try:
            # For root, another user runs PostgreSQL and has to pass through.
            _make_folders(self.data_dir, mode=0o711 if os.geteuid() == 0 else 0o700)
            probe = self.data_dir / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise DatabaseUnavailable(
                f"The data folder {self.data_dir} is not writable ({error.strerror}): "
                "set BILLING_DATA_DIR to a folder that you may write to."
            ) from None

    def _prepare_socket_folder(self, account: Account | None) -> None:
        folder = socket_dir(self.data_dir)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        # Root's own is one that another starter has just made, or was killed before it gave it away.
        owners = {os.geteuid(), *([account.uid] if account else [])}
        # In a temp folder another user could have put it there first and would then read every statement.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or stat.S_IMODE(found.st_mode) & 0o077:
            raise DatabaseUnavailable(
                f"The socket folder {folder} belongs to another user or is open to others: remove it and start again."
            )
        if account and found.st_uid != account.uid:
            os.chown(folder, account.uid, account.gid)

    # --- the server ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _one_starter(self) -> Iterator[None]:
        self._starting.take()
        try:
            yield
        finally:
            self._starting.release()

    def _joined(self) -> bool:
        """Join the server that a keeper holds, once it answers; False where none does, or it ends instead."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._keeper.is_free():
            try:
                self._create_database()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise DatabaseUnavailable(f"PostgreSQL runs but does not answer: {error}") from None
                time.sleep(0.05)
            else:
                return True
        return False

    def _launch(self, account: Account | None, programs: Path) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        order = {
            "command": self._command(programs),
            "uid": account.uid if account else None,
            "gid": account.gid if account else None,
            "keeper_lock": str(self._keeper.path),
            "users_lock": str(self._users.path),
        }
        with self.log.open("ab") as log:
            begin = log.tell()
            keeper = subprocess.Popen(
                [sys.executable, "-m", "billing_site.postgres_keeper", json.dumps(order)],
                cwd=Path(__file__).resolve().parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_it_answers(keeper, begin)

    def _command(self, programs: Path) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(socket_dir(self.data_dir)),
            "unix_socket_permissions": "0700",
            **self.settings,
        }
        command = [str(programs / "postgres"), "-D", str(self.cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _wait_until_it_answers(self, keeper: subprocess.Popen[bytes], log_begin: int) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if keeper.poll() is not None:
                written = self.log.read_bytes()[log_begin:].decode(errors="replace")
                raise DatabaseUnavailable(f"PostgreSQL did not start: {last_line(written, 'FATAL')}")
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise DatabaseUnavailable(f"PostgreSQL did not answer within {_START_SECONDS} s; see {self.log}.")

    def _create_database(self) -> None:
        with self.connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _stop_leftover(self) -> None:
        pid = server_pid(self.cluster)
        if pid is not None:
            os.kill(pid, signal.SIGINT)
            if not wait_until(lambda: not is_alive(pid), seconds=_STOP_SECONDS):
                raise DatabaseUnavailable(f"A PostgreSQL of an earlier start (process {pid}) does not end: end it.")
        # Processes of a killed server notice within moments, and PostgreSQL refuses to start until they have gone.
        wait_until(lambda: not processes_on(self.cluster), seconds=_STOP_SECONDS)
        # A process id is used again after a restart of the machine, and PostgreSQL would then refuse to start.
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        (socket_dir(self.data_dir) / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _others_use_it(self) -> bool:
        # A lock that is to be had exclusively is nobody's; one that is not even to be had shared is the keeper's.
        return not self._users.is_free() and self._users.is_shared()


def _make_folders(folder: Path, *, mode: int) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        # Under another name until its mode is right, so that another starter finds it as it is to be, or not at all.
        unfinished = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
        # Set apart from its making, where the umask would cut it.
        unfinished.chmod(mode if path == folder else 0o755)
        try:
            unfinished.rename(path)
        except OSError:
            # Another starter was faster and uses its folder by now; anything else shows where this one is used.
            unfinished.rmdir()
