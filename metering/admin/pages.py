"""Pages beside the lists and forms: an action with its own form, and other views of one object."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from metering.admin.base import ConsoleAdmin
from metering.admin.display import change_url
from metering.admin.forms import ReasonField
from metering.errors import DomainError


class ActionForm(forms.Form):
    """What an action asks before it runs; subclasses add their fields."""

    field_order: tuple[str, ...] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Last, below what the action itself asks.
        self.fields["change_reason"] = ReasonField()


class ReasonedForm(ActionForm):
    """For what nobody may do without saying why."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["change_reason"].required = True


def find_row(admin: ConsoleAdmin, request: HttpRequest, object_id: str) -> Any:
    """
    Return the row that an address names.

    :raises Http404: if there is none.
    """
    row = admin.get_object(request, unquote(object_id))
    if row is None:
        raise Http404
    return row


def render_page(
    admin: ConsoleAdmin, request: HttpRequest, template: str, *, row: Model | None, title: str, **context: object
) -> HttpResponse:
    """Render a page of the console inside its frame."""
    frame = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "row": row,
        # Unfold builds the path in the header from it.
        "original": row,
        "row_url": change_url(row) if row is not None else None,
        "title": title,
        **context,
    }
    return TemplateResponse(request, template, frame)


def run_action(
    admin: ConsoleAdmin,
    request: HttpRequest,
    *,
    row: Model | None,
    title: str,
    explanation: str,
    submit: str,
    run: Callable[[dict[str, Any]], SafeString | str],
    form_class: type[ActionForm] = ActionForm,
    initial: dict[str, Any] | None = None,
    back_url: str | None = None,
    refusal_fields: dict[str, str] | None = None,
) -> HttpResponse:
    """
    Ask for what an action needs, then run it and say what came of it.

    `run` gets the form's data, makes one service call and returns the message to show.
    """
    back = back_url or (change_url(row) if row is not None else "..")
    form = form_class(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            message = run(form.cleaned_data)
        except DomainError as refusal:
            field = (refusal_fields or {}).get(refusal.code)
            form.add_error(field if field in form.fields else None, refusal.message)
        else:
            messages.success(request, message)
            return HttpResponseRedirect(back)
    return render_page(
        admin,
        request,
        "admin/console/action.html",
        row=row,
        title=title,
        explanation=explanation,
        submit_text=submit,
        form=form,
        back=back,
    )
