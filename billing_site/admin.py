"""What belongs to no app alone: audits, the job queue, roles, e-mail addresses of sign-in."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_q.models import Failure, OrmQ, Schedule, Success
from django_q.tasks import async_task
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from billing_site.audits import start_audit
from metering import clock
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import Number, Panel, figure_of, link, link_to, moment
from metering.admin.pages import find_row, run_action
from metering.models import AuditRun

admin.site.unregister([EmailAddress, Failure, Group, OrmQ, Schedule, Success])


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("started", "state", "finding_count_shown", "finished")
    list_filter = (("finished_at", admin.EmptyFieldListFilter),)
    search_fields = ("ulid",)
    search_help_text = "Id"
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": (("started_at", "finished_at"), ("state", "finding_count_shown"), "error", "public_id")}),
    )
    finding_count_shown = figure_of("finding_count", "findings")
    actions_list = ["audit_action"]

    @display(description="started", ordering="pk")
    def started(self, row: AuditRun) -> str:
        return moment(row.started_at)

    @display(description="finished", ordering="finished_at")
    def finished(self, row: AuditRun) -> str:
        return moment(row.finished_at)

    @display(
        description="state",
        label={"All agrees": "success", "Findings": "danger", "Stopped": "danger", "Running": "info"},
    )
    def state(self, row: AuditRun) -> str:
        if row.error:
            return "Stopped"
        if row.finished_at is None:
            return "Running"
        return "Findings" if row.finding_count else "All agrees"

    def panels(self, request: HttpRequest, row: AuditRun) -> list[Panel]:
        found = [(f"Invariant {invariant}", sentence) for invariant, sentence in row.findings]
        checks = [(f"Invariant {number}", title, Number(count or "ok")) for number, title, count in row.checks]
        return [
            Panel(title="Findings", headers=("Of", "What"), rows=found, empty="None: everything agrees."),
            Panel(title="Checks", headers=("Of", "What has to hold", Number("Findings")), rows=checks, empty="None."),
        ]

    @action(description="Audit now", url_path="run", icon="fact_check", permissions=["operate"])
    def audit_action(self, request: HttpRequest) -> HttpResponse:
        def run(data: dict[str, Any]) -> SafeString:
            audit = start_audit(at=clock.now())
            async_task("billing_site.tasks.run_audit", run_id=audit.pk)
            return format_html("{} has begun; look at it again in a moment.", link(audit))

        return run_action(
            self,
            request,
            row=None,
            title="Audit now",
            explanation="Checks on the live data that events, buckets, lines, invoices, payments and numbers agree. "
            "It changes nothing, and the console goes on meanwhile.",
            submit="Audit",
            run=run,
        )


class JobAdmin(ReadOnlyAdmin):
    """A job that has ended."""

    is_tracked = False
    list_display = ("name", "func", "group", "started_shown", "took", "attempt_count")
    list_filter = ("func", "group")
    search_fields = ("name", "func", "group", "id")
    search_help_text = "Name, function, group or id"
    ordering = ("-stopped",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "func"),
                    ("started", "stopped"),
                    ("attempt_count", "group"),
                    "arguments",
                    "outcome",
                )
            },
        ),
    )

    @display(description="started", ordering="started")
    def started_shown(self, row: Any) -> str:
        return moment(row.started)

    @display(description="took (s)")
    def took(self, row: Any) -> str:
        return f"{row.time_taken():.2f}"

    @display(description="arguments")
    def arguments(self, row: Any) -> str:
        return ", ".join(
            [*map(repr, row.args or ()), *(f"{name}={value!r}" for name, value in (row.kwargs or {}).items())]
        )

    @display(description="result")
    def outcome(self, row: Any) -> str:
        return str(row.result)


@admin.register(Failure)
class FailureAdmin(JobAdmin):
    actions_detail = ["run_again"]

    @action(description="Run again", url_path="run-again", icon="replay", permissions=["operate"])
    def run_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            async_task(row.func, *(row.args or ()), **(row.kwargs or {}))
            return f"{row.func} is queued again."

        return run_action(
            self,
            request,
            row=row,
            title="Run the job again",
            explanation="Every job is safe to repeat. The failed one stays in this list.",
            submit="Queue it",
            run=run,
            back_url=reverse("admin:django_q_failure_changelist"),
        )


@admin.register(Success)
class SuccessAdmin(JobAdmin):
    pass


@admin.register(OrmQ)
class QueueAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("id", "job", "function", "waits_for")
    search_fields = ("id__exact",)
    search_help_text = "Number of the entry"
    ordering = ("pk",)
    fieldsets = ((None, {"fields": (("job", "function"), ("key", "waits_for"))}),)

    @display(description="job")
    def job(self, row: OrmQ) -> str:
        return str(row.name())

    @display(description="function")
    def function(self, row: OrmQ) -> str:
        return str(row.func())

    @display(description="not before", ordering="lock")
    def waits_for(self, row: OrmQ) -> str:
        return moment(row.lock)


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("name", "func", "schedule_type", "minutes", "next_run_shown", "repeats")
    list_filter = ("schedule_type",)
    search_fields = ("name", "func")
    search_help_text = "Name or function"
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": (("name", "func"), ("schedule_type", "minutes"), ("next_run", "repeats"), "kwargs")}),
    )

    @display(description="next run", ordering="next_run")
    def next_run_shown(self, row: Schedule) -> str:
        return moment(row.next_run)


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("email", "user_link", "primary", "verified")
    list_select_related = ("user",)
    list_filter = ("verified", "primary")
    search_fields = ("email", "user__email")
    search_help_text = "E-mail"
    ordering = ("email",)
    fieldsets = ((None, {"fields": ("email", "user", ("primary", "verified"))}),)
    user_link = link_to("user", "person")


@admin.register(Group)
class RoleAdmin(ModelAdmin):
    """What operators who are not owners may see and do; Django's permissions, by role."""

    list_display = ("name",)
    search_fields = ("name",)
    search_help_text = "Name"
    ordering = ("name",)
    filter_horizontal = ("permissions",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Whoever could widen a role could widen their own, so only owners do.
        return bool(request.user.is_superuser)

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission
