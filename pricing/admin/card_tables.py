"""Rate cards as tables to read."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from metering.admin.display import NOTHING, Panel, figure, link
from pricing.admin.display import cadence, money, price_block
from pricing.included_units import included_units
from pricing.services.plan_inputs import RateCardInput
from pricing.terms import JsonObject, Terms

_ROUNDED = {"ceiling": ", rounded up", "floor": ", rounded down", "half_up": ", rounded"}


def cards_panel(title: str, cards: Sequence[RateCardInput], currency: str) -> Panel:
    """Show what rate cards charge and give."""
    return Panel(
        title=title,
        headers=("Name", "Feature", "Billed", "Price", "And"),
        rows=[
            (
                format_html('{}<br><span class="console-hint">{}</span>', card.name, card.key),
                _feature(card),
                cadence(card.billing_cadence or ""),
                price_block(card.price, currency),
                extras_block(card.terms, currency),
            )
            for card in cards
        ],
        empty="None: nothing is charged.",
    )


def extras_block(terms: Terms, currency: str) -> SafeString | str:
    """Show, a line each, what a rate card says beside its price."""
    lines = list(_extras(terms, currency))
    return format_html_join("", "<div>{}</div>", ((line,) for line in lines)) if lines else NOTHING


def _feature(card: RateCardInput) -> SafeString | str:
    if card.feature is None:
        return NOTHING
    if card.feature.meter is None:
        return link(card.feature)
    return format_html("{} by {}", link(card.feature), link(card.feature.meter))


def _extras(terms: Terms, currency: str) -> Iterator[str]:
    if (included := included_units(terms)) is not None:
        yield f"{figure(included)} units included"
    percentage = ((terms.discounts or {}).get("percentage") or {}).get("percentage")
    if percentage is not None:
        yield f"{figure(Decimal(str(percentage)))} % discount"
    if terms.unit_config:
        yield _conversion(terms.unit_config)
    yield from _limits(terms, currency)
    if terms.entitlement_template:
        yield _entitlement(terms.entitlement_template)
    if tax := terms.tax_config:
        code = (tax.get("stripe") or {}).get("code", "")
        yield " ".join(word for word in ("Tax", tax.get("behavior") or "", code) if word)
    if terms.description:
        yield terms.description


def _conversion(unit: JsonObject) -> str:
    sign = "divided by" if unit["operation"] == "divide" else "times"
    name = f" = {unit['displayUnit']}" if unit.get("displayUnit") else ""
    return f"Usage {sign} {figure(Decimal(unit['conversionFactor']))}{_ROUNDED.get(unit.get('rounding', ''), '')}{name}"


def _limits(terms: Terms, currency: str) -> Iterator[str]:
    for word, member in (("At least", "minimumAmount"), ("At most", "maximumAmount")):
        if amount := (terms.price or {}).get(member):
            part = ", scaled to a part of a period" if terms.prorate_commitments else ""
            yield f"{word} {money(Decimal(amount), currency)} a period{part}"


def _entitlement(template: JsonObject) -> str:
    match template["type"]:
        case "static":
            return f"Static entitlement: {template['config']}"
        case "boolean":
            return "Access on or off"
    return "Metered entitlement" + (", a soft limit" if template.get("isSoftLimit") else "")
