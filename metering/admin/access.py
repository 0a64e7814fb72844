"""API keys, and the answers that repeated requests get."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from metering import clock
from metering.admin.base import ConsoleAdmin, LedgerAdmin
from metering.admin.display import hex_of, link_to, moment
from metering.admin.forms import ConsoleForm
from metering.admin.pages import find_row, render_page, run_action
from metering.models import ApiKey, IdempotencyKey, Scope
from metering.services.api_keys import create_api_key, revoke_api_key


class NewApiKeyForm(ConsoleForm):
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget(), initial=[Scope.INGEST]
    )


class UsableFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "usable"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Usable"), ("no", "Revoked or expired")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        usable = queryset.usable(clock.now())
        if self.value() == "yes":
            return usable
        return queryset.exclude(pk__in=usable.values("pk")) if self.value() == "no" else queryset


@admin.register(ApiKey)
class ApiKeyAdmin(ConsoleAdmin):
    add_form = NewApiKeyForm
    refusal_fields = {"unknown_scope": "scopes"}
    list_display = ("name", "prefix_shown", "scopes_shown", "last_used", "expires", "created", "state")
    list_filter = (UsableFilter,)
    search_fields = ("name", "prefix", "ulid")
    search_help_text = "Name, the key's first characters, or id"
    ordering = ("-pk",)
    add_fieldsets = ((None, {"fields": ("name", "scopes", "expires_at")}),)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "prefix_shown"), "scopes_shown", ("created_at", "last_used_at"),
                    ("expires_at", "revoked_at"), "public_id",
                )
            },
        ),
    )  # fmt: skip
    actions_detail = ["revoke_action"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A key is made and revoked, never changed.
        return obj is None and super().has_change_permission(request, obj)

    @display(description="key", ordering="prefix")
    def prefix_shown(self, row: ApiKey) -> str:
        return f"{row.prefix}…"

    @display(description="scopes")
    def scopes_shown(self, row: ApiKey) -> str:
        return ", ".join(Scope(scope).label for scope in row.scopes)

    @display(description="last used", ordering="last_used_at")
    def last_used(self, row: ApiKey) -> str:
        return moment(row.last_used_at)

    @display(description="expires", ordering="expires_at")
    def expires(self, row: ApiKey) -> str:
        return moment(row.expires_at)

    @display(description="created", ordering="pk")
    def created(self, row: ApiKey) -> str:
        return moment(row.created_at)

    @display(description="state", label={"Usable": "success", "Revoked": "danger", "Expired": "warning"})
    def state(self, row: ApiKey) -> str:
        if row.revoked_at is not None:
            return "Revoked"
        return "Expired" if row.expires_at is not None and row.expires_at <= clock.now() else "Usable"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        key, secret = create_api_key(**form.values(), at=clock.now())
        obj.__dict__.update(key.__dict__)
        request.secret = secret  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        # Shown in the answer itself: a redirect would have to keep the secret somewhere.
        return render_page(
            self,
            request,
            "admin/console/api_key_secret.html",
            row=obj,
            title="Copy this key now",
            secret=request.secret,  # type: ignore[attr-defined]
        )

    @action(description="Revoke", url_path="revoke", icon="block", permissions=["operate"])
    def revoke_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            revoke_api_key(api_key_id=row.pk, at=clock.now())
            return f"{row} is revoked. Requests with it are refused within a few seconds."

        return run_action(
            self,
            request,
            row=row,
            title="Revoke the key",
            explanation=f"Whoever uses {row} is refused from now on. This cannot be undone.",
            submit="Revoke",
            run=run,
        )


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(LedgerAdmin):
    list_display = ("key", "api_key_link", "status", "has_secret", "created")
    list_select_related = ("api_key",)
    list_filter = ("status",)
    search_fields = ("key",)
    search_help_text = "The key that was sent"
    fieldsets = ((None, {"fields": (("key", "api_key"), ("status", "created_at"), "request_hash_shown", "answer")}),)
    api_key_link = link_to("api_key", "API key")
    request_hash_shown = hex_of("request_hash", "SHA-256 of the request")

    @display(description="sent", ordering="created_at")
    def created(self, row: IdempotencyKey) -> str:
        return moment(row.created_at)

    @display(description="answer")
    def answer(self, row: IdempotencyKey) -> Any:
        return "Held a secret, so it is not kept." if row.has_secret else format_html("<pre>{}</pre>", row.body)
