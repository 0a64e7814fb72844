"""`manage.py serve`: everything that one machine needs, in one process tree."""

import os
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from billing_site.embedded_postgres import DatabaseUnavailable, EmbeddedPostgres
from billing_site.external_database import UnusableDatabase, check_external_database
from billing_site.network import address_of, is_loopback, port_is_free, port_number, reachable_host
from billing_site.process_tree import Child, ChildFailed, ProcessTree, Stopped, StopSignals, kill_orphans
from pricing.services.default_plan import default_plan_problem

_WATCH_SECONDS = 0.5
# Any number that nothing else in this database locks.
_MIGRATION_LOCK = 774_120_002


class Command(BaseCommand):
    help = "Start the database, the web server and the worker; print one line when all of them answer."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=port_number, default=8000)
        parser.add_argument("--host", default="127.0.0.1", help="The address to listen on; 0.0.0.0 for every one.")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        _refuse_open_door(host)
        _refuse_unshared_key()
        record = settings.DATA_DIR / f"serve-{port}.json"
        database = EmbeddedPostgres(settings.DATA_DIR) if settings.USES_EMBEDDED_DATABASE else None
        with StopSignals() as signals:
            tree = ProcessTree(record=record, signals=signals, say=self._say)
            try:
                _prepare_data_dir()
                kill_orphans(record)
                _refuse_taken_port(host, port)
                _prepare_database(database)
                self._run(tree, host, port, database)
            except Stopped:
                pass
            except (ChildFailed, DatabaseUnavailable, UnusableDatabase) as error:
                raise CommandError(str(error)) from None
            finally:
                signals.ignore()
                connection.close()
                tree.stop()
                if database:
                    database.stop()

    def _run(self, tree: ProcessTree, host: str, port: int, database: EmbeddedPostgres | None) -> None:
        environment = _child_environment(host, port)
        tree.start(_web(host, port, environment))
        tree.start(_worker(environment))
        tree.wait_until_ready()
        self._note_settings()
        self.stdout.write(f"ready {address_of(host, port)}")
        self.stdout.flush()
        while True:
            time.sleep(_WATCH_SECONDS)
            if database and not database.is_running():
                self._say("The database ended unexpectedly; starting it again.")
                database.start()
            tree.restart_dead()

    def _note_settings(self) -> None:
        if problem := default_plan_problem():
            self._say(f"New customers get no subscription. {problem}")
        connection.close()

    def _say(self, text: str) -> None:
        self.stderr.write(text)
        self.stderr.flush()


def _refuse_open_door(host: str) -> None:
    if settings.API_AUTH not in {"on", "off"}:
        raise CommandError(f"BILLING_API_AUTH is {settings.API_AUTH!r}; set it to on or off.")
    if settings.API_AUTH == "off" and not is_loopback(host):
        raise CommandError(
            f"BILLING_API_AUTH=off lets every caller in, so it needs a loopback address, not {host}: "
            "use --host 127.0.0.1, or switch the keys on."
        )


def _refuse_unshared_key() -> None:
    if not settings.USES_EMBEDDED_DATABASE and not os.environ.get("BILLING_SECRET_KEY"):
        raise CommandError(
            "With DATABASE_URL set, every process that shares the database needs one secret: set BILLING_SECRET_KEY "
            "to a long random text."
        )


def _prepare_data_dir() -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)


def _refuse_taken_port(host: str, port: int) -> None:
    if not port_is_free(host, port):
        raise CommandError(f"Port {port} on {host} is taken or not allowed: choose another one with --port.")


def _prepare_database(database: EmbeddedPostgres | None) -> None:
    if database is None:
        check_external_database()
    else:
        database.start()
    _migrate()


def _migrate() -> None:
    with connection.cursor() as cursor:
        # Another `serve` may start on the same database at this moment.
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        call_command("migrate", interactive=False, verbosity=0)
        cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
    connection.close()


def _child_environment(host: str, port: int) -> dict[str, str]:
    environment = dict(os.environ)
    environment.setdefault("BILLING_BASE_URL", address_of(host, port))
    environment["BILLING_DATA_DIR"] = str(settings.DATA_DIR)
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def _web(host: str, port: int, environment: dict[str, str]) -> Child:
    command = [
        *(sys.executable, "-m", "granian", "billing_site.rsgi:application"),
        *("--interface", "rsgi", "--http", "1", "--no-ws"),
        *("--host", host, "--port", str(port)),
        *("--workers", str(settings.WEB_PROCESSES), "--respawn-failed-workers", "--workers-kill-timeout", "5"),
        *("--log-level", "error", "--working-dir", str(settings.BASE_DIR)),
    ]
    return Child(
        name="web process",
        command=command,
        environment={**environment, "BILLING_PROCESS": "web"},
        health_address=(reachable_host(host), port),
    )


def _worker(environment: dict[str, str]) -> Child:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "work"]
    return Child(name="worker", command=command, environment={**environment, "BILLING_PROCESS": "worker"})
