"""Forms of the console: a reason with every change, and rows of text in place of JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import moneyed
from django import forms
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from metering.errors import DomainError


class ReasonField(forms.CharField):
    """Why a change is made; the history middleware picks it from the request."""

    def __init__(self) -> None:
        super().__init__(
            label="Reason for this change",
            required=False,
            max_length=500,
            help_text="Kept in the history, with your name and the time.",
            widget=UnfoldAdminTextInputWidget(),
        )


class ConsoleForm(forms.ModelForm):
    """Shows what a service refused, beside the field it is about."""

    refusal: DomainError | None = None
    refusal_fields: Mapping[str, str] = {}

    change_reason = ReasonField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, PairsField) and not field.can_show(self.initial.get(name)):
                field.disabled = True
                field.help_text = "Holds text that does not fit one line each, so change it through the API."

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if self.refusal is not None:
            self.show_refusal(self.refusal)
        return data

    def show_refusal(self, refusal: DomainError) -> None:
        """Put the service's sentence beside the field that the error's code is about, else above the form."""
        field = self.refusal_fields.get(refusal.code)
        self.add_error(field if field in self.fields else None, refusal.message)

    def values(self) -> dict[str, Any]:
        """Return what a service gets to make a row from."""
        return {name: value for name, value in self.cleaned_data.items() if name != "change_reason"}

    def changes(self) -> dict[str, Any]:
        """Return what a service gets to change: the fields that differ from what is stored."""
        return {name: value for name, value in self.values().items() if name in self.changed_data}


class CurrencyChoiceField(forms.ChoiceField):
    """An ISO 4217 code, found by typing a part of the code or the name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=_currencies, widget=UnfoldAdminSelect2Widget(), **kwargs)


def _currencies() -> list[tuple[str, str]]:
    names = ((code, f"{code} \N{EN DASH} {currency.name}") for code, currency in sorted(moneyed.CURRENCIES.items()))
    return [("", "Choose a currency"), *names]


class ExactField(forms.CharField):
    """A text that is looked for as it is typed, with the space around it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, widget=UnfoldAdminTextInputWidget(), **kwargs)


class NoteField(forms.CharField):
    """A few lines of text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), **kwargs)


class PairsField(forms.CharField):
    """One `name = value` a line, kept as an object of texts."""

    def __init__(self, *, example: str, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": example}))
        super().__init__(**kwargs)
        self.example = example.splitlines()[0]

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{name} = {self.show(part)}" for name, part in value.items())

    def to_python(self, value: Any) -> Any:
        pairs: dict[str, Any] = {}
        for line in (super().to_python(value) or "").splitlines():
            if not line.strip():
                continue
            name, sign, text = (part.strip() for part in line.partition("="))
            if not (sign and name and text):
                raise forms.ValidationError(
                    f"Write each line as name = value, such as {self.example}: {line.strip()!r}."
                )
            if name in pairs:
                raise forms.ValidationError(f"Name each line once: {name!r} is there twice.")
            pairs[name] = self.read(text)
        return pairs

    def can_show(self, value: Any) -> bool:
        """Whether a stored value comes back the same from the text that is shown for it."""
        try:
            return self.to_python(self.prepare_value(value or {})) == (value or {})
        except forms.ValidationError:
            return False

    def has_changed(self, initial: Any, data: Any) -> bool:
        if self.disabled:
            return False
        try:
            return self.to_python(data) != (initial or {})
        except forms.ValidationError:
            return True

    def read(self, text: str) -> Any:
        return text

    def show(self, part: Any) -> str:
        return str(part)


class ChoicesOfValuesField(PairsField):
    """One `name = value, value` a line, kept as an object of lists."""

    def read(self, text: str) -> list[str]:
        return [part.strip() for part in text.split(",") if part.strip()]

    def show(self, part: Any) -> str:
        return ", ".join(map(str, part)) if isinstance(part, list) else str(part)


class UnchangedSinceField(forms.DateTimeField):
    """When the row that a form shows was changed last, so that a service can tell whether it was changed meanwhile."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=forms.HiddenInput())

    def prepare_value(self, value: Any) -> Any:
        # With its zone and every digit, as the service compares it.
        return value.isoformat() if isinstance(value, datetime) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class LinesField(forms.CharField):
    """One value a line, kept as a list without repeats."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminTextareaWidget(attrs={"rows": 3}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        lines = (line.strip() for line in (super().to_python(value) or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))
