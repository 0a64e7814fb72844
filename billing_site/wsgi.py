"""
The WSGI entry of the web processes.

From the outside in: callers on this machine only (where keys are switched off), complete bodies only, the ingestion
lane, Django.
"""

import logging
import os
import signal

from django.core.wsgi import get_wsgi_application

from billing_site.body_gate import BodyGate
from billing_site.network import LoopbackOnly
from billing_site.wsgi_problem import Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing_site.settings")


def _warn() -> None:
    logging.getLogger(__name__).warning("Request bodies have stalled: this web process should be replaced.")


def _replace_this_process() -> None:
    _warn()
    # The web server answers this signal by starting a new worker and ending the old one after it.
    os.kill(os.getppid(), signal.SIGHUP)


def build() -> Application:
    application: Application = get_wsgi_application()
    # Models can be imported only now.
    from django.conf import settings

    from metering.ingest.lane import IngestLane

    if settings.INGEST_LANE == "on":
        application = IngestLane(application)
    application = BodyGate(
        application,
        max_bytes=settings.MAX_BODY_BYTES,
        readers=max(1, settings.WEB_THREADS // 2),
        stall_seconds=settings.BODY_STALL_SECONDS,
        # Only below `serve` is the parent a web server that knows what the signal means.
        replace_process=_replace_this_process if settings.IS_WEB_PROCESS else _warn,
    )
    return application if settings.API_AUTH == "on" else LoopbackOnly(application)


application = build()
