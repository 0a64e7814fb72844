"""`manage.py bench`: how fast events come in and are rolled up on this machine."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing_site.bench import load, report
from billing_site.bench.installation import BenchFailed, Installation, data_folder, module, serving

_CONNECTIONS = 64
_BATCH_CONNECTIONS = 2


class Command(BaseCommand):
    help = "Measure ingestion and roll-up on a fresh installation in a temporary folder, and print a table."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="A few seconds for each part instead of fifteen.")
        parser.add_argument("--json", type=Path, help="Write the figures to this file as well.")

    def handle(self, *args: Any, **options: Any) -> None:
        seconds, rows = (4, 40_000) if options["quick"] else (15, 200_000)
        try:
            load.require_wrk()
            with data_folder() as folder:
                with serving(folder) as installation:
                    measured = self._served(installation, seconds)
                self._say("COPY and roll-up")
                measured |= json.loads(
                    module(folder, "billing_site.bench.database", str(rows), str(_BATCH_CONNECTIONS))
                )
        except BenchFailed as error:
            raise CommandError(str(error)) from None
        rows_of_table = report.figures(measured)
        self.stdout.write(f"{report.machine()}\n{report.table(rows_of_table)}")
        if options["json"]:
            options["json"].write_text(json.dumps(report.as_json(rows_of_table), indent=2) + "\n")

    def _served(self, installation: Installation, seconds: int) -> dict[str, float]:
        measured: dict[str, float] = {}
        key = installation.api_key
        self._say("no-op POST")
        with load.noop_server(installation, settings.WEB_THREADS) as url:
            measured["noop"] = load.post(url, connections=_CONNECTIONS, key=key, seconds=seconds)
        for name, way in (("twin", "django"), ("lane", "lane")):
            self._say(f"single events, {name}")
            # The first requests connect, prepare and import; they are not what is asked.
            load.post(installation.url, connections=_CONNECTIONS, way=way, key=key, seconds=2)
            measured[name] = load.post(installation.url, connections=_CONNECTIONS, way=way, key=key, seconds=seconds)
        self._say("batches of 1,000")
        measured["batches"] = load.post(
            installation.url, connections=_BATCH_CONNECTIONS, size=1_000, key=key, seconds=seconds
        )
        return measured

    def _say(self, text: str) -> None:
        self.stderr.write(f"measuring: {text}")
