"""How much comes in."""

from datetime import datetime

from django.db.models import Count

from metering.models import Event


def events_per_subject(*, since: datetime) -> list[tuple[str, int]]:
    """Count the events from a time on by subject, in the order of the subjects; reads those events' rows alone."""
    events = Event.objects.filter(time__gte=since).values_list("subject")
    return list(events.annotate(events=Count("*")).order_by("subject"))
