"""Forms in rows, and rows within rows: what phases, rate cards, tiers and cells of a matrix have in common."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Self

from django import forms
from django.forms.utils import ErrorDict
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from pricing.admin.editor_rows import Tree

_STEP = re.compile(r"\.?([A-Za-z]+)\[(\d+)\](.*)")


class RowForm(forms.Form):
    """
    One row of an editor with the rows inside it; it is always bound, to a tree of texts.

    `lists` names the rows inside, `paths` the field for each end of a JSONPath, longer ones first.
    """

    lists: ClassVar[Mapping[str, type["RowForm"]]] = {}
    json_lists: ClassVar[Mapping[str, str]] = {}
    paths: ClassVar[Mapping[str, str]] = {}

    def __init__(self, tree: Tree, prefix: str) -> None:
        texts = {f"{prefix}-{name}": value for name, value in tree.items() if isinstance(value, str)}
        super().__init__(texts, prefix=prefix)
        self.rows: dict[str, list[Any]] = {
            name: form.rows_of(tree.get(name), f"{prefix}-{name}") for name, form in self.lists.items()
        }

    @classmethod
    def rows_of(cls, trees: Any, prefix: str) -> list[Self]:
        """Make the forms of a list of rows."""
        rows = trees if isinstance(trees, list) else []
        return [cls(row, f"{prefix}-{number}") for number, row in enumerate(rows)]

    def everything(self) -> Iterator["RowForm"]:
        """Yield this form and all forms inside it."""
        yield self
        for rows in self.rows.values():
            for row in rows:
                yield from row.everything()

    def counted(self, name: str) -> list[Any]:
        """Return the rows of a list that count as it is filled in; the others are neither checked nor saved."""
        return self.rows[name]

    def is_valid(self) -> bool:
        """Tell whether this form and all rows inside it that count are valid."""
        own = super().is_valid()
        # Every row is looked at, so that all that is wrong is shown at once.
        rows = [row.is_valid() for name in self.rows for row in self.counted(name)]
        return own and all(rows)

    def mute(self) -> None:
        """Show what is filled in as it is, without a complaint."""
        for form in self.everything():
            form._errors = ErrorDict()  # type: ignore[attr-defined]

    def show_issue(self, path: str, message: str) -> None:
        """Put what is wrong beside the input that the end of a JSONPath names, else above the row."""
        if step := _STEP.fullmatch(path):
            rows = self.counted(self.json_lists[step[1]]) if step[1] in self.json_lists else []
            if int(step[2]) < len(rows):
                rows[int(step[2])].show_issue(step[3], message)
                return
        self._add(next((name for start, name in self.paths.items() if path.startswith(start)), None), message)

    def _add(self, name: str | None, message: str) -> None:
        name = name if name in self.fields else None
        if message not in self.errors.get(name or "__all__", []):
            self.add_error(name, message)


class AmountField(forms.DecimalField):
    """A number of zero or more; written as text, as browsers would round long figures."""

    def __init__(self, label: str, *, placeholder: str = "", help_text: str = "", largest: int | None = None) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off"} | ({"placeholder": placeholder} if placeholder else {})
        super().__init__(
            label=label,
            required=False,
            min_value=Decimal(0),
            max_value=largest,
            help_text=help_text,
            widget=UnfoldAdminTextInputWidget(attrs=attrs),
        )
        self.error_messages.update(invalid="Write a number such as 0.002.", min_value="Set it to zero or more.")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(Decimal(initial) if initial not in (None, "") else None, data)


def text_field(label: str, *, placeholder: str = "", **kwargs: Any) -> forms.CharField:
    """Make a line of text that may be empty."""
    attrs = {"placeholder": placeholder} if placeholder else {}
    return forms.CharField(label=label, required=False, widget=UnfoldAdminTextInputWidget(attrs=attrs), **kwargs)


def note_field(label: str, rows: int = 2, **kwargs: Any) -> forms.CharField:
    """Make a few lines of text that may be empty."""
    return forms.CharField(
        label=label, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}), **kwargs
    )


def choice_field(label: str, choices: Any, **kwargs: Any) -> forms.ChoiceField:
    """Make a choice out of a few; one whose first choice is empty may be left."""
    kwargs.setdefault("required", False)
    return forms.ChoiceField(label=label, choices=choices, widget=UnfoldAdminSelectWidget(), **kwargs)


def flag_field(label: str, **kwargs: Any) -> forms.BooleanField:
    """Make a box to tick."""
    return forms.BooleanField(label=label, required=False, widget=UnfoldBooleanWidget(), **kwargs)


def written(number: Decimal | None) -> str | None:
    """Write a number as JSON holds it, None for none."""
    return None if number is None else f"{number:f}"
