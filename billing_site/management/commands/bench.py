"""`manage.py bench`: how fast events come in and are rolled up on this machine."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing_site.bench import load, report
from billing_site.bench.installation import BenchFailed, Installation, data_folder, module, serving

_CONNECTIONS = 64
_BATCH_CONNECTIONS = 2
_TURNS = 3
# The first requests connect, prepare and import; they are not what is asked.
_WARM_SECONDS = 2


class Command(BaseCommand):
    help = "Measure ingestion and roll-up on a fresh installation in a temporary folder, and print a table."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="Two seconds for each measurement instead of eight.")
        parser.add_argument("--json", type=Path, help="Write the figures to this file as well.")

    def handle(self, *args: Any, **options: Any) -> None:
        seconds, rows = (2, 40_000) if options["quick"] else (8, 200_000)
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
        """Measure each thing in turn, and that several times: what else the machine does then meets all of them."""
        own, key = installation.url, installation.api_key
        with load.noop_server(installation, settings.WEB_THREADS) as noop:
            kinds: dict[str, Callable[..., float]] = {
                "noop": partial(load.post, noop, key=key, connections=_CONNECTIONS),
                "twin": partial(load.post, own, key=key, connections=_CONNECTIONS, way="django"),
                "lane": partial(load.post, own, key=key, connections=_CONNECTIONS),
                "batches": partial(load.post, own, key=key, connections=_BATCH_CONNECTIONS, size=1_000),
            }
            self._say("warming up")
            for measure in kinds.values():
                measure(seconds=_WARM_SECONDS)
            found: dict[str, list[float]] = {name: [] for name in kinds}
            for turn in range(_TURNS):
                self._say(f"no-op, Django view, lane, batches: turn {turn + 1} of {_TURNS}")
                for name, measure in kinds.items():
                    found[name].append(measure(seconds=seconds))
        return {name: median(rates) for name, rates in found.items()}

    def _say(self, text: str) -> None:
        self.stderr.write(f"measuring: {text}")
