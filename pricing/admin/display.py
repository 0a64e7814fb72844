"""How the console shows money and prices."""

from collections.abc import Mapping
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from metering.admin.display import NOTHING, Number, figure
from pricing.money import exponent
from pricing.prices import (
    DynamicPrice,
    FlatPrice,
    GraduatedPrice,
    InvalidPrice,
    MatrixPrice,
    PackagePrice,
    PaymentTerm,
    Price,
    Tier,
    UnitPrice,
    VolumePrice,
    parse_price,
)

_TERMS = {PaymentTerm.IN_ADVANCE: "in advance", PaymentTerm.IN_ARREARS: "in arrears"}
CADENCES = {
    "P1D": "daily",
    "P1W": "weekly",
    "P2W": "every two weeks",
    "P4W": "every four weeks",
    "P1M": "monthly",
    "P3M": "quarterly",
    "P6M": "half-yearly",
    "P1Y": "yearly",
}


def money(amount: Decimal | None, currency: str) -> Number:
    """
    Show an amount with its currency: at least the currency's digits, more where there are more.

    >>> money(Decimal("1234.5"), "USD"), money(Decimal("0.0000125"), "EUR"), money(Decimal("500"), "JPY")
    ('1,234.50 USD', '0.0000125 EUR', '500 JPY')
    """
    if amount is None:
        return Number(NOTHING)
    whole, _, digits = f"{amount:,f}".partition(".")
    digits = digits.rstrip("0").ljust(exponent(currency), "0")
    return Number(f"{whole}.{digits} {currency}" if digits else f"{whole} {currency}")


def cadence(duration: str) -> str:
    """Show how often something is billed, such as `monthly` for P1M."""
    return CADENCES.get(duration, duration) if duration else "once"


def cadence_choices(stored: str = "") -> list[tuple[str, str]]:
    """Return how often something may be billed, with what is stored if it is another."""
    choices = {key: text.capitalize() for key, text in CADENCES.items()}
    return list((choices if stored in choices or not stored else {stored: stored} | choices).items())


def price_block(data: Mapping[str, object] | None, currency: str) -> SafeString | str:
    """Show a price: what it is in a line, its tiers and cells as small tables."""
    if data is None:
        return "No price: access alone"
    if data.get("type") == "minimum":
        # The plan's minimum, which billing keeps among what is charged.
        return f"At least {money(Decimal(str(data['amount'])), currency)} a billing period"
    try:
        price = parse_price(data)
    except InvalidPrice as error:
        return f"Cannot be read: {error}"
    return _price(price, currency)


def _price(price: Price, currency: str) -> SafeString | str:
    match price:
        case FlatPrice():
            return f"{money(price.amount, currency)}, {_TERMS[price.payment_term]}"
        case UnitPrice():
            return f"{money(price.amount, currency)} each"
        case PackagePrice():
            return f"{money(price.amount, currency)} for each {figure(price.size)} begun"
        case DynamicPrice():
            return f"What the meter reports, times {figure(price.multiplier)}"
        case GraduatedPrice():
            return _tiers("Each unit at the price of its tier", price, currency)
        case VolumePrice():
            return _tiers("All units at the price of the tier they reach", price, currency)
        case MatrixPrice():
            return _matrix(price, currency)


def _tiers(title: str, price: GraduatedPrice | VolumePrice, currency: str) -> SafeString:
    rows = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", _tier_rows(price.tiers, currency))
    head = SafeString("<thead><tr><th>Units</th><th>Each</th><th>Flat</th></tr></thead>")
    table = format_html('{}<table class="console-tiers">{}<tbody>{}</tbody></table>', title, head, rows)
    if price.flat_at_zero or not price.tiers[0].flat_amount:
        return table
    return format_html("{}The flat price of the first tier is only due with usage.", table)


def _tier_rows(tiers: tuple[Tier, ...], currency: str) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    floor = Decimal(0)
    for tier in tiers:
        units = f"above {figure(floor)}" if tier.up_to is None else f"{figure(floor)} to {figure(tier.up_to)}"
        rows.append((units, money(tier.unit_amount, currency), money(tier.flat_amount, currency)))
        floor = tier.up_to or floor
    return rows


def _matrix(price: MatrixPrice, currency: str) -> SafeString:
    rows = format_html_join(
        "",
        "<tr><td>{}</td><td>{}</td></tr>",
        (
            (
                ", ".join(f"{name} {value}" for name, value in match) or "All other usage",
                "Free" if cell is None else _price(cell, currency),
            )
            for _, match, cell in price.priced_cells()
        ),
    )
    return format_html(
        'By {}<table class="console-tiers"><tbody>{}</tbody></table>', " and ".join(price.dimensions), rows
    )
