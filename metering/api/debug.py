"""What a monitoring system reads: `/api/v1/debug/metrics`."""

from datetime import UTC

from django.http import HttpResponse
from rest_framework.request import Request

from metering import clock
from metering.api.base import ApiView
from metering.api.schema import info as describe
from metering.openmetrics import counter
from metering.queries.traffic import events_per_subject

_OPEN_METRICS = "application/openmetrics-text"


@describe.METRICS
class Metrics(ApiView):
    def get(self, request: Request) -> HttpResponse:
        """Count today's events (UTC) by subject, those still to come included."""
        midnight = clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        text = counter(
            "openmeter_events", "Events since midnight (UTC).", "subject", events_per_subject(since=midnight)
        )
        # OpenMeter's clients expect plain text; a scraper that knows the format asks for it by name.
        is_known = _OPEN_METRICS in request.headers.get("Accept", "")
        kind = f"{_OPEN_METRICS}; version=1.0.0; charset=utf-8" if is_known else "text/plain; charset=utf-8"
        return HttpResponse(text, content_type=kind)
