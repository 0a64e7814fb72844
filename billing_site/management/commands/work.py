"""`manage.py work`: the job queue, and beside it the loop that rolls events up."""

import os
import signal
from contextlib import suppress
from types import FrameType
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django_q.cluster import Cluster

from billing_site.management.base import DatabaseCommand
from billing_site.process_tree import READY_DESCRIPTOR
from billing_site.woken_loop import run_woken_loop
from metering.ingest.writer import CHANNEL
from metering.services.rollups import advance_rollups

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Command(DatabaseCommand):
    help = "Run jobs and schedules, and roll up events as they arrive."

    def handle(self, *args: Any, **options: Any) -> None:
        self._stopping = False
        # The cluster forks, and a fork must not share a connection.
        connection.close()
        cluster = Cluster()
        for number in _SIGNALS:
            # Instead of the cluster's own handler, which would stop it in the middle of our transaction.
            signal.signal(number, self._note)
        cluster.start()
        _tell_ready()
        run_woken_loop(
            channel=CHANNEL,
            step=advance_rollups,
            stopping=lambda: self._stopping or not cluster.sentinel.is_alive(),
        )
        if not self._stopping:
            raise CommandError("The job queue ended unexpectedly.")
        _stop(cluster)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True


def _tell_ready() -> None:
    descriptor = os.environ.get(READY_DESCRIPTOR)
    if descriptor:
        with suppress(BrokenPipeError):
            os.write(int(descriptor), b"1")


def _stop(cluster: Cluster) -> None:
    # A signal to the whole group reaches the sentinel too. Then there is nobody left to stop, and telling the dead
    # one to would wait for ever.
    cluster.sentinel.join(0.3)
    cluster.stop()
