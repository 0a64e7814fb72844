"""Acts in two steps: a form, then a page that shows the exact effect before it is confirmed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.display import change_url
from metering.admin.pages import render_page
from metering.errors import DomainError
from metering.models import Customer
from pricing.admin.subscription_effects import ShownEffect
from pricing.services.subscriptions.effects import effect_of

_OWN_INPUTS = ("csrfmiddlewaretoken", "seen", "seen_at", "back")
_CHANGED = "Something has changed since this was shown, so look at the effect again before you confirm it."


@dataclass(frozen=True)
class Act:
    """
    What an operator does to a subscription.

    `run` gets the form's data and the time, and returns the row whose page to go to and what to say. To tell its effect
    it is tried out, or `trial` in its place where it does nothing before it is paid. `customer` says whom it is about.
    """

    title: str
    explanation: str
    submit: str
    form: forms.Form
    customer: Callable[[dict[str, Any]], Customer]
    run: Callable[[dict[str, Any], datetime], tuple[Model, SafeString | str]]
    refusal_fields: Mapping[str, str] = field(default_factory=dict)
    trial: Callable[[dict[str, Any], datetime], object] | None = None
    is_paid_later: Callable[[dict[str, Any]], bool] = lambda data: False

    def effect(self, data: dict[str, Any], at: datetime) -> ShownEffect:
        """
        Try the act out.

        :raises DomainError: what the act raises.
        """
        tried = self.trial or self.run
        effect = effect_of(act=lambda: tried(data, at), customer_id=self.customer(data).pk, at=at)
        return ShownEffect(effect, awaits_payment=self.is_paid_later(data))


def run_reviewed(
    admin: ConsoleAdmin,
    request: HttpRequest,
    *,
    row: Model | None,
    act: Act,
    back: str,
) -> HttpResponse:
    """Ask for what an act needs, show its exact effect, and run it once that very effect is confirmed."""
    if request.method != "POST" or not act.form.is_valid() or "back" in request.POST:
        return _ask(admin, request, row, act, back)
    data = act.form.cleaned_data
    at = clock.now(act.customer(data))
    try:
        effect = act.effect(data, at)
        if "seen" not in request.POST:
            return _show(admin, request, row, act, back, effect=effect, at=at)
        if not _is_what_was_seen(request, act, data, effect, at):
            return _show(admin, request, row, act, back, effect=effect, at=at, notice=_CHANGED)
        made, message = act.run(data, at)
    except DomainError as refusal:
        name = act.refusal_fields.get(refusal.code)
        act.form.add_error(name if name in act.form.fields else None, refusal.message)
        return _ask(admin, request, row, act, back)
    messages.success(request, message)
    return HttpResponseRedirect(change_url(made))


def _is_what_was_seen(request: HttpRequest, act: Act, data: dict[str, Any], effect: ShownEffect, at: datetime) -> bool:
    # An act that takes effect at once moves on with the clock; everything else has to be as it was shown.
    try:
        seen_at = datetime.fromisoformat(request.POST.get("seen_at", ""))
        shown = effect if seen_at == at else act.effect(data, seen_at)
    except (ValueError, TypeError, DomainError):
        return False
    starts_alike = effect.at == shown.at or (effect.at == at and shown.at == seen_at)
    return starts_alike and shown.fingerprint == request.POST["seen"]


def _ask(admin: ConsoleAdmin, request: HttpRequest, row: Model | None, act: Act, back: str) -> HttpResponse:
    return render_page(
        admin,
        request,
        "admin/console/action.html",
        row=row,
        title=act.title,
        explanation=act.explanation,
        submit_text="Show the effect",
        form=act.form,
        back=back,
    )


def _show(
    admin: ConsoleAdmin,
    request: HttpRequest,
    row: Model | None,
    act: Act,
    back: str,
    *,
    effect: ShownEffect,
    at: datetime,
    notice: str = "",
) -> HttpResponse:
    return render_page(
        admin,
        request,
        "admin/console/subscription_effect.html",
        row=row,
        title=act.title,
        submit_text=act.submit,
        inputs=[(name, value) for name, value in request.POST.items() if name not in _OWN_INPUTS],
        answers=[(bound.label, _answer(bound)) for bound in act.form if bound.value() not in (None, "", ["", ""])],
        effect=effect,
        is_at_once=effect.at == at and not effect.awaits_payment,
        seen_at=at.isoformat(),
        notice=notice,
        back=back,
    )


def _answer(bound: forms.BoundField) -> object:
    value = bound.form.cleaned_data[bound.name]
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(bound.field, forms.ModelChoiceField):
        return bound.field.label_from_instance(value)
    choices = getattr(bound.field, "choices", None)
    if isinstance(value, str) and choices is not None:
        return dict(choices).get(value, value)
    return value
