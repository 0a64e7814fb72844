"""`manage.py bench`: what metering does on this machine, against what it has to."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing_site.bench import report
from billing_site.bench.installation import BenchFailed
from billing_site.bench.run import measure
from billing_site.bench.sizes import FULL, QUICK
from metering import clock


class Command(BaseCommand):
    help = (
        "Measure ingestion, roll-up and reads among 1 and 10 million events, on fresh installations in temporary "
        "folders, and print a table of what was measured and what has to be reached."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="Few events and short loads: about two minutes.")
        parser.add_argument("--json", type=Path, help="Write the figures to this file as well.")

    def handle(self, *args: Any, **options: Any) -> None:
        sizes = QUICK if options["quick"] else FULL
        try:
            measured = measure(sizes, at=clock.now(), say=self._say)
        except BenchFailed as error:
            raise CommandError(str(error)) from None
        rows = report.figures(measured)
        self.stdout.write(f"{report.machine()}\n{report.table(rows)}")
        if options["json"]:
            options["json"].parent.mkdir(parents=True, exist_ok=True)
            options["json"].write_text(json.dumps(report.as_json(rows), indent=2) + "\n")
            self.stdout.write(f"The same as JSON is in {options['json']}.")

    def _say(self, text: str) -> None:
        self.stderr.write(f"measuring: {text}")
