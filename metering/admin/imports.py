"""Files of events that were imported, or are on their way in."""

from collections.abc import Iterator
from datetime import timedelta

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from metering import clock
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import Panel, figure_of, moment, percent
from metering.models import EventImport

# Longer than a batch takes.
_SILENCE = timedelta(minutes=2)


@admin.register(EventImport)
class EventImportAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = (
        "name",
        "state",
        "progress",
        "accepted_shown",
        "duplicate_shown",
        "conflict_shown",
        "rejected_shown",
        "started",
    )
    search_fields = ("name", "ulid")
    search_help_text = "Name of the file, or id"
    ordering = ("-pk",)
    list_filter = (("finished_at", admin.EmptyFieldListFilter),)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "state"),
                    ("progress", "line_shown"),
                    ("accepted_shown", "duplicate_shown"),
                    ("conflict_shown", "rejected_shown"),
                    ("started", "finished"),
                    "public_id",
                )
            },
        ),
    )
    line_shown = figure_of("line", "lines read")
    accepted_shown = figure_of("accepted")
    duplicate_shown = figure_of("duplicate")
    conflict_shown = figure_of("conflict")
    rejected_shown = figure_of("rejected")

    @display(description="state", label={"Finished": "success", "Running": "info", "Stopped": "danger"})
    def state(self, row: EventImport) -> str:
        if row.finished_at is not None:
            return "Finished"
        return "Running" if clock.now() - row.updated_at < _SILENCE else "Stopped"

    @display(description="read")
    def progress(self, row: EventImport) -> str:
        return percent(row.position, row.size)

    @display(description="started", ordering="pk")
    def started(self, row: EventImport) -> str:
        return moment(row.created_at)

    @display(description="finished")
    def finished(self, row: EventImport) -> str:
        return moment(row.finished_at)

    def panels(self, request: HttpRequest, row: EventImport) -> list[Panel]:
        steps = list(_steps(row))
        panels = [Panel(title="What to do", headers=("What happened", "Then"), rows=steps, empty="")] if steps else []
        return [
            *panels,
            Panel(
                title="How its columns were read",
                headers=("Part of the event", "Where it comes from"),
                rows=row.columns,
                empty="Not recorded.",
            ),
        ]


def _steps(row: EventImport) -> Iterator[tuple[str, str]]:
    if row.finished_at is None:
        yield (
            "It is not at the end of the file",
            "If it runs no more, run the same command again: it goes on from there.",
        )
    if row.conflict:
        what = "Rows whose source and id are stored with other content"
        yield what, "What is stored stays. If these are other events, import them with another --source."
    if row.rejected:
        yield (
            "Rows that make no event",
            "They are in the .rejected.csv file beside the imported one: mend and import it.",
        )
