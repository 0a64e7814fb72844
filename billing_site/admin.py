"""Other packages' models in the console's own look: the job queue, roles, e-mail addresses of sign-in."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_q.models import Failure, OrmQ, Schedule, Success
from django_q.tasks import async_task
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import link_to, moment
from metering.admin.pages import find_row, run_action

admin.site.unregister([EmailAddress, Failure, Group, OrmQ, Schedule, Success])


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
