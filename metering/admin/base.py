"""What every page of the console shares: writes go through services, ledgers are read-only, changes have a history."""

from collections.abc import Collection, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from metering import clock
from metering.admin.changes import shown_changes
from metering.admin.display import Panel
from metering.admin.forms import ConsoleForm
from metering.errors import DomainError


class OwnTransactions(admin.ModelAdmin):
    """Leaves transactions to the services: some, such as those that wait for the fence, must not run inside another."""

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: Any = "", extra_context: Any = None
    ) -> Any:
        return self._changeform_view(  # type: ignore[attr-defined]
            request, object_id, form_url, extra_context
        )


class ConsoleAdmin(ModelAdmin, OwnTransactions):
    """
    A model's pages. Subclasses that write name their form and override `create` and `change`, each one service call.

    What a service refuses is shown in the form, beside the field that `refusal_fields` names for the error's code.
    """

    form = ConsoleForm
    add_form: type[ConsoleForm] | None = None
    refusal_fields: Mapping[str, str] = {}
    is_tracked = True
    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    change_form_template = "admin/console/change_form.html"
    object_history_template = "admin/console/history.html"

    def panels(self, request: HttpRequest, row: Any) -> list[Panel]:
        """Return the related rows to show under an object."""
        return []

    def hidden_actions(self, row: Any) -> Collection[str]:
        """Return the paths of the buttons that an object, as it is now, does not get."""
        return ()

    @display(description="id")
    def public_id(self, row: Any) -> str:
        """The id that the API shows."""
        return row.ulid

    def create(self, *, data: dict[str, Any], at: Any) -> Model:
        """Make a row by its service."""
        raise PermissionDenied

    def change(self, *, row: Any, data: dict[str, Any], at: Any) -> Model:
        """Change a row by its service; `data` holds the changed fields alone."""
        raise PermissionDenied

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the operator may run this model's actions, even where rows are not edited by hand."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, unquote(str(object_id)))
        hidden = () if row is None else self.hidden_actions(row)
        return [found for found in super().get_actions_detail(request, object_id) if found.path not in hidden]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None and self.add_form is not None:
            kwargs["form"] = self.add_form
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        form.refusal_fields = self.refusal_fields
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = list(super().get_fieldsets(request, obj))
        writes = self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)
        if writes:
            fieldsets.append((None, {"fields": ("change_reason",)}))
        return fieldsets

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = {"show_history": self.is_tracked, **(extra_context or {})}
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except DomainError as refusal:
            # The form is validated once more and now shows the sentence, so it does not reach the service again.
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            context["panels"] = self.panels(request, row)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        at = clock.now()
        if not change:
            saved = self.create(data=form.values(), at=at)
        elif changes := form.changes():
            saved = self.change(row=obj, data=changes, at=at)
        else:
            return
        obj.__dict__.update(saved.__dict__)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.is_tracked:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {row}",
            "object": row,
            "opts": self.opts,
            "changes": shown_changes(row),
        }
        return TemplateResponse(request, self.object_history_template, context)


class ReadOnlyAdmin(ConsoleAdmin):
    """A model that operators look at and never write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LedgerAdmin(ReadOnlyAdmin):
    """Rows without end: pages are never counted, and the newest come first."""

    is_tracked = False
    paginator = InfinitePaginator
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-pk",)
