"""What the editors of plans and of add-ons share: rows in the form, buttons that change rows, versions."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.forms.utils import ErrorDict
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.display import Panel, link, moment
from metering.admin.forms import ConsoleForm
from metering.errors import DomainError
from pricing.admin.editor_rows import Tree, edited, tree_of
from pricing.admin.row_forms import RowForm
from pricing.models import Versioned
from pricing.terms import Terms

EDIT = "_edit"
_MEND = "Mend what is marked below."
_STEP = re.compile(r"\$\.([A-Za-z]+)\[(\d+)\](.*)")
_NUMERIC = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# Texts that only look like numbers.
_TEXTS = ("match", "config", "metadata", "name", "key", "description", "displayUnit")


class EditorForm(ConsoleForm):
    """
    A form with rows below its own fields; all of it is sent to one service call.

    `lists` names the rows, `json_lists` the same rows as JSONPaths name them, `paths` the fields for other paths.
    """

    lists: ClassVar[Mapping[str, type[RowForm]]] = {}
    json_lists: ClassVar[Mapping[str, str]] = {}
    paths: ClassVar[Mapping[str, str]] = {}
    blanks: ClassVar[Mapping[str, Tree]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        command = self.data.get(EDIT, "") if self.is_bound else ""
        self.is_edited = bool(command)
        tree = tree_of(self.data) if self.is_bound else self.stored_tree()
        if self.is_edited:
            tree = edited(tree, command, self.blanks)
        self.rows: dict[str, list[Any]] = {
            name: form.rows_of(tree.get(name), name) for name, form in self.lists.items()
        }
        if self.is_edited or not self.is_bound:
            for row in self.all_rows:
                row.mute()

    @property
    def all_rows(self) -> list[RowForm]:
        return [row for rows in self.rows.values() for row in rows]

    def stored_tree(self) -> Tree:
        """Return what is stored as the rows show it, for a new object what to begin with."""
        raise NotImplementedError

    def full_clean(self) -> None:
        if not self.is_edited:
            super().full_clean()
            return
        # A button that only changes rows asks for no complaint yet.
        self._errors, self.cleaned_data = ErrorDict(), {}

    def is_valid(self) -> bool:
        return not self.is_edited and super().is_valid()

    def clean(self) -> dict[str, Any] | None:
        rows = [row.is_valid() for row in self.all_rows]
        data = super().clean()
        if not all(rows):
            self._add(None, _MEND)
        return data

    def show_refusal(self, refusal: DomainError) -> None:
        issues = refusal.extensions.get("validationErrors")
        if not isinstance(issues, list):
            super().show_refusal(refusal)
            return
        for issue in issues:
            self._show_issue(issue["field"], issue["message"])

    def _show_issue(self, path: str, message: str) -> None:
        step = _STEP.fullmatch(path)
        rows = self.rows.get(self.json_lists.get(step[1], ""), []) if step else []
        if step and int(step[2]) < len(rows):
            rows[int(step[2])].show_issue(step[3], message)
            self._add(None, _MEND)
        else:
            field = self.paths.get(path)
            self._add(field if field in self.fields else None, message)

    def _add(self, field: str | None, message: str) -> None:
        if message not in self.errors.get(field or "__all__", []):
            self.add_error(field, message)


def same_terms(one: Terms, other: Terms) -> bool:
    """Whether two rate cards say the same, though their numbers may be written differently."""
    return bool(_plain(one.to_json()) == _plain(other.to_json()))


def _plain(value: Any, name: str = "") -> Any:
    match value:
        case dict():
            return {key: part if key in _TEXTS else _plain(part, key) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case str() if _NUMERIC.fullmatch(value) and "." in value:
            return value.rstrip("0").rstrip(".")
    return value


class VersionStatusFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("draft", "Draft"), ("active", "Active"), ("archived", "Archived")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.with_status([self.value()], clock.now()) if self.value() else queryset


class EditorAdmin(ConsoleAdmin):
    """Pages of something in versions: a draft is edited with all its rows, what was published is only read."""

    change_form_template = "admin/console/editor.html"
    rows_template = ""
    actions_detail: Sequence[str] = ("publish_action", "next_version_action", "archive_action")

    def may_edit(self, request: HttpRequest, row: Any) -> bool:
        """Whether the page of a row, None for a new one, is a form."""
        return self.has_add_permission(request) if row is None else self.has_change_permission(request, row)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Actions hand over an id instead of a row; they are checked as a whole.
        fixed = isinstance(obj, Versioned) and (obj.effective_from is not None or obj.deleted_at is not None)
        return not fixed and super().has_change_permission(request, obj)

    def hidden_actions(self, row: Any) -> set[str]:
        if row.effective_from is None:
            return {"next-version", "archive"} | ({"publish"} if row.deleted_at else set())
        return {"publish"} | ({"archive"} if row.effective_to or row.deleted_at else set())

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        form, row = context["adminform"].form, kwargs.get("obj")
        context |= {
            "may_edit": self.may_edit(request, row),
            "rows_template": self.rows_template,
            "editor": form,
            "preview_url": reverse(
                f"admin:pricing_{self.opts.model_name}_preview", args=("new" if row is None else row.pk,)
            ),
            **self.row_context(request, row),
        }
        if getattr(form, "is_edited", False) and request.htmx:  # type: ignore[attr-defined]
            return TemplateResponse(request, "admin/console/_editor_rows.html", context)
        return super().render_change_form(request, context, *args, **kwargs)

    def row_context(self, request: HttpRequest, row: Any) -> dict[str, object]:
        """Return what else the page of a row shows."""
        return {}

    @display(description="name", ordering="name")
    def name_shown(self, row: Any) -> str:
        return row.name

    @display(description="version", ordering="version")
    def version_shown(self, row: Any) -> str:
        return f"v{row.version}"

    @display(
        description="state",
        label={
            "Draft": "warning",
            "Active": "success",
            "Scheduled": "info",
            "Archived": "default",
            "Deleted": "danger",
        },
    )
    def state(self, row: Any) -> str:
        return "Deleted" if row.deleted_at else row.status(clock.now()).label

    @display(description="in force from", ordering="effective_from")
    def in_force_from(self, row: Any) -> str:
        return moment(row.effective_from)

    def versions_panel(self, row: Any) -> Panel:
        """Return the newest versions of what a row is one of."""
        versions = type(row).objects.filter(key=row.key).order_by("-version")[:10]
        return Panel(
            title="Versions",
            headers=("Version", "State", "In force from", "Until"),
            rows=[
                (link(found), self.state(found), moment(found.effective_from), moment(found.effective_to))
                for found in versions
            ],
            empty="",
        )


def joined(refusal: DomainError) -> DomainError:
    """Return the same refusal with all that is wrong in its message, for pages without the inputs it is about."""
    issues = refusal.extensions.get("validationErrors")
    if not isinstance(issues, list):
        return refusal
    return DomainError(" ".join(dict.fromkeys(issue["message"] for issue in issues)))


def drafted(draft: Any, url: str) -> Any:
    """Say that a draft was made."""
    return format_html('<a href="{}">{}</a> is drafted: change and publish it.', url, draft)
