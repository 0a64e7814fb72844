"""What a rate card would cost: a quantity in, the price, its detailed lines and the sums behind them out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from metering.admin.base import ConsoleAdmin
from metering.admin.display import Number, Panel, figure
from metering.admin.forms import PairsField
from pricing.admin.display import money
from pricing.admin.rate_cards import RateCardForm
from pricing.admin.row_forms import AmountField
from pricing.prices import Charge, FlatPrice, InvalidPrice, MatrixPrice, charge_of
from pricing.rating import Rated, Usage, matrix_cells, rate
from pricing.services.plan_inputs import RateCardInput


@dataclass(frozen=True)
class Choice:
    """A rate card to preview: the name of its row in the editor, and its own."""

    row: str
    name: str


class QuantitiesField(PairsField):
    """One line for each combination of group values: `region = eu, tier = gold: 100`."""

    def to_python(self, value: Any) -> Any:
        rows: list[tuple[dict[str, str], Decimal]] = []
        pairs = PairsField(example="region = eu")
        amount = AmountField("Quantity")
        for line in (forms.CharField.to_python(self, value) or "").splitlines():
            groups, sign, quantity = line.rpartition(":")
            if not line.strip():
                continue
            if not sign or not quantity.strip():
                raise forms.ValidationError(f"Write each line as {self.example}: {line.strip()!r}.")
            found = pairs.to_python(groups.replace(",", "\n"))
            rows.append((found, amount.clean(quantity.strip())))
        return rows


class PreviewForm(forms.Form):
    """How much was used in a period."""

    preview_quantity = AmountField("Quantity")
    preview_groups = QuantitiesField(example="region = eu, tier = gold: 100", required=False)

    @property
    def problem(self) -> str:
        """The first thing that is wrong, in a sentence."""
        name, errors = next(iter(self.errors.items()))
        return f"{name.removeprefix('preview_').capitalize()}: {errors[0]}"


def preview_page(
    admin: ConsoleAdmin, request: HttpRequest, row: Any, stored: Mapping[str, RateCardInput]
) -> HttpResponse:
    """Answer with the part of the page that shows a price: of a stored card, or of the one in the form that is sent."""
    if not (admin.has_view_or_change_permission(request, row) if row else admin.has_add_permission(request)):
        raise PermissionDenied
    sent = request.POST if request.method == "POST" else request.GET
    wanted = sent.get("preview_card", "")
    currency = row.currency if row else ""
    if request.method == "POST":
        form = admin.get_form(request, row, change=row is not None)(request.POST, instance=row)
        currency = form["currency"].value() or currency
        card, problem = _card_in(form, wanted)
    else:
        card, problem = stored.get(wanted), ""
    context = previewed(card, problem or "Choose a rate card.", currency, sent)
    return TemplateResponse(request, "admin/console/_price_preview.html", context)


def previewed(card: RateCardInput | None, problem: str, currency: str, sent: Mapping[str, str]) -> dict[str, object]:
    """Return what the page shows of a card's price, else of what keeps it from being priced."""
    asked = PreviewForm(sent)
    if not asked.is_valid():
        return {"problem": asked.problem}
    if card is None:
        return {"problem": problem}
    try:
        charge = charge_of(card.terms)
    except InvalidPrice as error:
        return {"problem": str(error)}
    if charge is None:
        return {"problem": f"{card.name} has no price: it gives access alone."}
    usage = _usage(charge, asked.cleaned_data)
    rated = rate(charge=charge, name=card.name, currency=currency, before=None, now=usage)
    return {
        "amount": money(rated.amount, currency),
        "note": _note(charge),
        "lines": _lines_panel(rated, currency),
        "steps": [step.text for step in rated.steps],
    }


def _card_in(form: Any, wanted: str) -> tuple[RateCardInput | None, str]:
    for row in _cards(form.all_rows):
        if row.prefix == wanted:
            if row.is_valid():
                return row.to_input(), ""
            return None, f"{row['name'].value() or 'The rate card'}: {next(_complaints(row))}"
    return None, ""


def _cards(rows: Any) -> Iterator[RateCardForm]:
    for row in rows:
        for form in row.everything():
            if isinstance(form, RateCardForm):
                yield form


def _complaints(row: Any) -> Iterator[str]:
    for form in row.everything():
        for name, messages in form.errors.items():
            label = form.fields[name].label if name in form.fields else ""
            yield f"{label}: {messages[0]}" if label else messages[0]


def _usage(charge: Charge, data: Mapping[str, Any]) -> Usage:
    quantity = data["preview_quantity"] or Decimal(0)
    if not isinstance(charge.price, MatrixPrice):
        return Usage(quantity)
    rows = data["preview_groups"] or [({}, quantity)]
    cells = matrix_cells(charge.price, rows)
    return Usage(sum((amount for _, amount in cells), Decimal(0)), cells=cells)


def _note(charge: Charge) -> str:
    if isinstance(charge.price, FlatPrice):
        return "A flat price does not depend on the quantity."
    return ""


def _lines_panel(rated: Rated, currency: str) -> Panel:
    return Panel(
        title="Detailed lines",
        headers=("Line", Number("Quantity"), Number("Each"), Number("Amount")),
        rows=[
            (
                line.name,
                figure(line.quantity),
                money(line.unit_amount, currency),
                money(line.amount, currency),
            )
            for line in rated.lines
        ],
        empty="Nothing is charged.",
    )
