"""Lines of invoices as the API shows them, in OpenMeter's shapes: stored ones, those to come, and simulated ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from invoicing.lines import LineState, PlanMinimum, derived_ulid, is_metered, rate_line
from invoicing.models import InvoiceLine
from invoicing.queries.explain import charge_of_line
from metering.periods import Period
from metering.serializers.fields import present
from pricing.money import zero
from pricing.prices import Charge, FlatPrice
from pricing.serializers.terms import price_output

_NOTHING = Decimal(0)
_SHOWN_CATEGORIES = {"commitment": "commitment"}


class Part(Protocol):
    """A detailed line, stored or just rated."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def of(self) -> str: ...
    @property
    def quantity(self) -> Decimal: ...
    @property
    def unit_amount(self) -> Decimal: ...
    @property
    def amount(self) -> Decimal: ...


@dataclass(frozen=True)
class LineTotals:
    """Charges, what minimums add to them, what discounts take off, and the tax within and on top of that."""

    amount: Decimal
    charges: Decimal
    discounts: Decimal
    tax_inclusive: Decimal
    tax_exclusive: Decimal
    credits: Decimal

    @property
    def total(self) -> Decimal:
        return self.amount + self.charges - self.discounts + self.tax_exclusive


@dataclass(frozen=True)
class LineFrame:
    """What a line and its parts have in common in the answer; `ids` start those of parts, `refs` say whose it is."""

    currency: str
    period: Period
    invoice_at: datetime
    created_at: datetime
    updated_at: datetime
    ids: str
    refs: Mapping[str, Any] = field(default_factory=dict)
    tax_config: Mapping[str, Any] | None = None

    @property
    def stamps(self) -> dict[str, Any]:
        return {"createdAt": self.created_at, "updatedAt": self.updated_at}

    @property
    def members(self) -> dict[str, Any]:
        period = period_output(self.period.start, self.period.end)
        return {"currency": self.currency, "period": period, "invoiceAt": self.invoice_at, **self.stamps, **self.refs}


def line_output(line: InvoiceLine, parts: Sequence[Part], *, is_removed: bool = False) -> dict[str, Any]:
    """Return a line with its parts; it is read with its invoice, feature, tax and subscription item."""
    charge, currency = charge_of_line(line), str(line.currency)
    period = Period(line.period_start, line.period_end)
    refs = {"invoice": {"id": line.invoice.ulid, "number": str(line.invoice)}}
    if subscription := _subscription_output(line):
        refs["subscription"] = subscription
    frame = LineFrame(
        currency, period, line.invoice_at, line.created_at, line.updated_at, line.ulid, refs, line.tax_config
    )
    totals = totals_of(parts, currency, discount=line.discount, tax=(line.tax_inclusive, line.tax_exclusive))
    shown = {
        "id": line.ulid,
        "name": line.name,
        "description": line.description,
        "metadata": line.metadata,
        "deletedAt": line.updated_at if is_removed else None,
        **frame.members,
        "type": "usage_based",
        "managedBy": line.managed_by,
        "status": "valid",
        "totals": totals_output(totals),
        "discounts": _discounts_output(line, charge, frame),
        "taxes": _taxes_output(line),
        **card_members(
            price=_shown_price(line, charge),
            feature_key=line.feature.key if line.feature else None,
            tax_config=line.tax_config,
            discounts=_numbered(line.discounts),
            unit_config=line.unit_config,
        ),
    }
    return present(shown) | _quantities(line, charge) | {"children": children_output(parts, charge=charge, frame=frame)}


def children_output(parts: Sequence[Part], *, charge: Charge | PlanMinimum, frame: LineFrame) -> list[dict[str, Any]]:
    """Return what a line is made of: each part that charges something, with the discounts on it."""
    charging = [part for part in parts if part.category != "discount"]
    return [_child(part, [one for one in parts if one.of == part.key], charge, frame) for part in charging]


def usage_discount_output(
    *, quantity: Decimal, free: Decimal, free_before: Decimal, frame: LineFrame
) -> dict[str, Any]:
    """Return the free units of a line, of `quantity` in the whole period."""
    return {
        "id": derived_ulid(f"{frame.ids} usage"),
        **frame.stamps,
        "reason": {"type": "ratecard_usage", "quantity": number(quantity)},
        "quantity": number(free),
        "preLinePeriodQuantity": number(free_before),
    }


def card_members(
    *,
    price: Mapping[str, Any],
    feature_key: str | None,
    tax_config: Mapping[str, Any] | None,
    discounts: Mapping[str, Any] | None,
    unit_config: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the rate card, and beside it what older clients read there."""
    beside = present({"featureKey": feature_key, "taxConfig": tax_config})
    card = beside | present({"discounts": discounts, "unitConfig": unit_config})
    return {"rateCard": {**card, "price": price}, **beside, "price": price}


def totals_of(
    parts: Iterable[Part],
    currency: str,
    *,
    discount: Decimal = _NOTHING,
    tax: tuple[Decimal, Decimal] = (_NOTHING, _NOTHING),
) -> LineTotals:
    """Add up parts by what they are for, with a share of the invoice's discounts and of its taxes."""
    nothing = zero(currency)
    sums = {"discount": nothing, "commitment": nothing, "regular": nothing}
    for part in parts:
        sums[part.category if part.category in sums else "regular"] += part.amount
    inclusive, exclusive = (nothing + part for part in tax)
    return LineTotals(
        sums["regular"], sums["commitment"], discount - sums["discount"], inclusive, exclusive, credits=nothing
    )


def totals_output(totals: LineTotals) -> dict[str, str]:
    """Return totals as texts."""
    return {
        "amount": number(totals.amount),
        "chargesTotal": number(totals.charges),
        "discountsTotal": number(totals.discounts),
        "creditsTotal": number(totals.credits),
        "taxesInclusiveTotal": number(totals.tax_inclusive),
        "taxesExclusiveTotal": number(totals.tax_exclusive),
        "taxesTotal": number(totals.tax_inclusive + totals.tax_exclusive),
        "total": number(totals.total),
    }


def period_output(start: datetime, end: datetime) -> dict[str, datetime]:
    """Return a half-open time."""
    return {"from": start, "to": end}


def number(value: Decimal) -> str:
    """Write a decimal without an exponent."""
    return f"{value:f}"


def _child(part: Part, discounts: Sequence[Part], charge: Charge | PlanMinimum, frame: LineFrame) -> dict[str, Any]:
    term = _term(charge)
    quantity, amount = number(part.quantity), number(part.unit_amount)
    taxed = {"taxConfig": frame.tax_config} if frame.tax_config else {}
    shown = {
        "id": derived_ulid(f"{frame.ids} {part.key}"),
        "name": part.name[:256],
        **frame.members,
        "type": "flat_fee",
        "managedBy": "system",
        "status": "detailed",
        "category": _SHOWN_CATEGORIES.get(part.category, "regular"),
        "paymentTerm": term,
        "perUnitAmount": amount,
        "quantity": quantity,
        **taxed,
        "rateCard": {"price": {"type": "flat", "amount": amount, "paymentTerm": term}, "quantity": quantity, **taxed},
        "totals": totals_output(totals_of([part, *discounts], frame.currency)),
    }
    if discounts:
        shown["discounts"] = {"amount": [_amount_discount(discount, charge, frame) for discount in discounts]}
    return shown


def _amount_discount(discount: Part, charge: Charge | PlanMinimum, frame: LineFrame) -> dict[str, Any]:
    reason: dict[str, Any] = {"type": "maximum_spend"}
    if discount.key.endswith(".percentage") and isinstance(charge, Charge):
        reason = {"type": "ratecard_percentage", "percentage": charge.discounts.percentage}
    return {
        "id": derived_ulid(f"{frame.ids} {discount.key}"),
        **frame.stamps,
        "reason": reason,
        "description": discount.name,
        "amount": number(-discount.amount),
    }


def _discounts_output(line: InvoiceLine, charge: Charge | PlanMinimum, frame: LineFrame) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if line.discount:
        share = {
            "id": derived_ulid(f"{line.ulid} discount"),
            **frame.stamps,
            "reason": {"type": "invoice_discount"},
            "description": "Its share of the discounts of the invoice",
            "amount": number(line.discount),
        }
        shown["amount"] = [share]
    if isinstance(charge, Charge) and charge.discounts.usage:
        free = usage_discount_output(
            quantity=charge.discounts.usage,
            free=line.usage_discount,
            free_before=_free_before(line, charge),
            frame=frame,
        )
        shown["usage"] = [free]
    return shown


def _quantities(line: InvoiceLine, charge: Charge | PlanMinimum) -> dict[str, str]:
    if not is_metered(charge):
        return {"quantity": number(line.quantity)}
    before = _before(line)
    free, free_before = _NOTHING, _NOTHING
    # Free units are counted in the unit that is billed.
    if isinstance(charge, Charge) and charge.unit is None:
        free, free_before = line.usage_discount, _free_before(line, charge)
    used_before = before.quantity if before else _NOTHING
    return {
        "quantity": number(line.quantity - free),
        "meteredQuantity": number(line.quantity),
        "preLinePeriodQuantity": number(used_before - free_before),
        "meteredPreLinePeriodQuantity": number(used_before),
    }


def _free_before(line: InvoiceLine, charge: Charge) -> Decimal:
    before = _before(line)
    if before is None or not charge.discounts.usage:
        return _NOTHING
    rated = rate_line(charge=charge, name=line.name, currency=str(line.currency), before=None, now=before)
    return rated.usage_discount


def _before(line: InvoiceLine) -> LineState | None:
    return LineState.from_json(line.before) if line.before else None


def _subscription_output(line: InvoiceLine) -> dict[str, Any] | None:
    item = line.subscription_item
    # The plan's minimum stands over all phases, and OpenMeter's reference names one.
    if item is None or item.phase is None:
        return None
    state = line.now or line.before
    whole = LineState.from_json(state).whole if state else Period(line.period_start, line.period_end)
    return {
        "subscription": {"id": item.subscription.ulid},
        "phase": {"id": item.phase.ulid},
        "item": {"id": item.ulid},
        "billingPeriod": period_output(whole.start, whole.end),
    }


def _taxes_output(line: InvoiceLine) -> list[dict[str, Any]] | None:
    if line.tax is None:
        return None
    config = {"config": line.tax_config} if line.tax_config else {}
    return [{**config, "percent": line.tax.percentage, "behavior": line.tax.behavior}]


def _shown_price(line: InvoiceLine, charge: Charge | PlanMinimum) -> dict[str, Any]:
    if isinstance(charge, PlanMinimum):
        # A plan's minimum is no price of OpenMeter's: it charges what is missing, as a fee.
        return {"type": "flat", "amount": number(line.amount), "paymentTerm": "in_arrears"}
    return price_output(line.price)


def _numbered(discounts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    shown = dict(discounts or {})
    if percentage := shown.get("percentage"):
        # A number, unlike all other figures of a rate card.
        shown["percentage"] = {**percentage, "percentage": Decimal(str(percentage["percentage"]))}
    return shown or None


def _term(charge: Charge | PlanMinimum) -> str:
    if isinstance(charge, Charge) and isinstance(charge.price, FlatPrice):
        return str(charge.payment_term)
    return "in_arrears"
