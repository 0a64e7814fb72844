"""`manage.py demo`: a company with customers, usage and invoices, made fresh, served, and kept moving."""

import os
import signal
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing_site.demo import company
from billing_site.network import port_number

_STEPS = 9
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_IN_ITS_FOLDER = "BILLING_DEMO_IS_PREPARED"
_BASE = Path(settings.BASE_DIR)


class Command(BaseCommand):
    help = "Show the product: build a company with fifty customers in a folder of its own, and serve it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=port_number, default=8000)
        parser.add_argument("--customers", type=int, default=len(company.CUSTOMERS))
        parser.add_argument("--days", type=int, default=120)
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--once", action="store_true", help="Stop after building, without serving on.")

    def handle(self, *args: Any, **options: Any) -> None:
        from billing_site.demo.house import CannotStart, clean_folder, refuse_taken_port

        if os.environ.get("DATABASE_URL"):
            raise CommandError("The demo makes a database of its own. Unset DATABASE_URL and start it again.")
        try:
            if os.environ.get(_IN_ITS_FOLDER):
                with suppress(_Stopped):
                    self._run(options)
            else:
                folder = demo_folder()
                refuse_taken_port(options["port"])
                clean_folder(folder)
                _start_again_in(folder)
        except CannotStart as error:
            raise CommandError(str(error)) from error

    def _run(self, options: dict[str, Any]) -> None:
        from billing_site.demo.house import running_server
        from billing_site.demo.progress import Progress
        from billing_site.demo.summary import print_summary

        for signum in _SIGNALS:
            signal.signal(signum, _stop)
        progress = Progress(_STEPS)
        progress.step("Starting PostgreSQL, web and worker")
        with running_server(manage=_BASE / "manage.py", port=options["port"]) as server:
            story, client, secret = _build(options, progress)
            progress.step("Ready")
            print_summary(story=story, port=options["port"], secret=secret, seconds=progress.done())
            if not options["once"]:
                _trickle(server, story, client, Random(options["seed"]))  # noqa: S311


def demo_folder() -> Path:
    """Return the demo's own data folder, never the one of another installation."""
    from billing_site.data_dir import default_data_dir

    given = os.environ.get("BILLING_DEMO_DIR")
    if given:
        return Path(given).absolute()
    ordinary = default_data_dir(_BASE)
    return ordinary.with_name(".demo" if ordinary.name == ".data" else f"{ordinary.name}-demo")


def _start_again_in(folder: Path) -> None:
    """Start this command again with the demo's folder and key, as the settings have read those of the other one."""
    from billing_site.secret_key import ensure_secret_key

    ensure_secret_key(folder)
    environment = os.environ | {
        _IN_ITS_FOLDER: "yes",
        "BILLING_DATA_DIR": str(folder),
        "BILLING_SITE_NAME": company.SELLER,
    }
    os.execve(sys.executable, [sys.executable, *sys.argv], environment)  # noqa: S606


def _build(options: dict[str, Any], progress: Any) -> tuple[Any, Any, str]:
    from billing_site.demo.client import ApiClient
    from billing_site.demo.story import Setting, build, create_operator
    from metering import clock
    from metering.history import actor
    from metering.services.api_keys import create_api_key

    with actor(kind="system", name="demo", reason="demo data"):
        at = clock.now()
        _, secret = create_api_key(name="Demo", scopes=["admin"], at=at)
        create_operator(at=at)
        client = ApiClient(host="127.0.0.1", port=options["port"], api_key=secret)
        setting = Setting(customers=options["customers"], days=options["days"], seed=options["seed"], at=at)
        return build(setting=setting, client=client, progress=progress), client, secret


def _trickle(server: Any, story: Any, client: Any, random: Random) -> None:
    """Post a few live requests each second until the demo is stopped, so that charts and open bills move."""
    from billing_site.demo.client import RequestFailed
    from billing_site.demo.house import CannotStart
    from billing_site.demo.traffic import request
    from metering import clock

    weights = [caller.weight for caller in story.callers]
    number = 0
    while True:
        time.sleep(random.uniform(0.3, 1.2))
        at = clock.now()
        events = []
        for caller in random.choices(story.callers, weights=weights, k=random.randrange(1, 5)):
            number += 1
            events.append(request(event_id=f"live-{at:%s}-{number}", subject=caller.subject, at=at, random=random))
        try:
            client.post("/api/v1/events", events)
        except (OSError, HTTPException, RequestFailed) as error:
            if server.poll() is not None:
                raise CannotStart("The server has ended; what it said stands above.") from error
            sys.stderr.write(f"A request failed, the next ones go on: {error!r}\n")


class _Stopped(KeyboardInterrupt):
    pass


def _stop(*_: object) -> None:
    # Another signal, as from an impatient hand, would leave the server behind that is being stopped.
    for signum in _SIGNALS:
        signal.signal(signum, signal.SIG_IGN)
    raise _Stopped
