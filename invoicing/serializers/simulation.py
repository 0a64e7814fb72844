"""Invoices that are simulated: `InvoiceSimulationInput`, and the invoice that answers it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from ulid import ULID

from invoicing.models import BillingProfile
from invoicing.serializers.invoice_lines import (
    LineFrame,
    card_members,
    children_output,
    number,
    period_output,
    totals_of,
    totals_output,
    usage_discount_output,
)
from invoicing.serializers.line_inputs import ULID as ULID_FORM
from invoicing.serializers.line_inputs import LineInput, QuantityField
from invoicing.serializers.workflow import shown_apps, supplier_output
from invoicing.simulation import LineToSimulate, SimulatedLine
from metering.models import Customer
from metering.periods import Period
from metering.serializers.fields import TextField, TextsField, present
from pricing.money import UnknownCurrency, exponent
from pricing.serializers.terms import price_output

MAX_LINES = 1000


class GroupQuantityInput(serializers.Serializer[Any]):
    groups = TextsField(default=dict)
    quantity = QuantityField()


class InvoiceSimulationLineInput(LineInput):
    """A line with what of it is used."""

    id = serializers.RegexField(ULID_FORM, required=False)
    quantity = QuantityField()
    preLinePeriodQuantity = QuantityField(required=False, default="0")
    quantityByGroups = GroupQuantityInput(many=True, required=False, default=list)


class InvoiceSimulationInput(serializers.Serializer[Any]):
    number = TextField(max_length=256, required=False, allow_null=True, default=None)
    currency = TextField(max_length=3)
    lines = InvoiceSimulationLineInput(many=True)

    def validate_currency(self, currency: str) -> str:
        try:
            exponent(currency)
        except UnknownCurrency as error:
            raise serializers.ValidationError(str(error)) from error
        return currency

    def validate_lines(self, lines: list[Any]) -> list[Any]:
        if len(lines) > MAX_LINES:
            raise serializers.ValidationError(f"Send at most {MAX_LINES:,} lines at once.")
        return lines

    def asked_lines(self) -> list[LineToSimulate]:
        """Return the lines that were sent."""
        return [
            LineToSimulate(
                name=sent["name"],
                period=Period(sent["period"]["from"], sent["period"]["to"]),
                quantity=Decimal(sent["quantity"]),
                before=Decimal(sent["preLinePeriodQuantity"]),
                by_groups=[(part["groups"] or {}, Decimal(part["quantity"])) for part in sent["quantityByGroups"]],
                price=sent["price"],
                discounts=sent["discounts"],
                unit_config=sent["unitConfig"],
                sent=sent,
            )
            for sent in self.validated_data["lines"]
        ]


def simulated_output(
    lines: Sequence[SimulatedLine],
    *,
    customer: Customer,
    subject_keys: Sequence[str],
    profile: BillingProfile,
    currency: str,
    number: str | None,
    at: datetime,
) -> dict[str, Any]:
    """Return the invoice that lines would make, as the API shows one."""
    every = [part for line in lines for part in line.rated.lines]
    periods = [line.asked.period for line in lines]
    shown = {
        "id": str(ULID()),
        "createdAt": at,
        "updatedAt": at,
        "type": "standard",
        "number": number or "INV-SIMULATED",
        "currency": currency,
        "supplier": supplier_output(profile),
        "customer": _customer(customer, subject_keys),
        "period": periods
        and period_output(min(period.start for period in periods), max(period.end for period in periods)),
        "totals": totals_output(totals_of(every, currency)),
        "status": "draft",
        "statusDetails": {
            "immutable": False,
            "failed": False,
            "extendedStatus": "draft.created",
            "availableActions": {},
        },
        "workflow": _workflow(profile),
    }
    return {name: value for name, value in shown.items() if value} | {
        "lines": [_line(line, currency, at) for line in lines]
    }


def _line(line: SimulatedLine, currency: str, at: datetime) -> dict[str, Any]:
    sent, charge = line.asked.sent, line.charge
    id = sent.get("id") or str(ULID())
    frame = LineFrame(currency, line.asked.period, sent["invoiceAt"], at, at, id, tax_config=sent["taxConfig"])
    # Free units are counted in the unit that is billed.
    free, free_before = (Decimal(0),) * 2 if charge.unit else (line.rated.usage_discount, line.free_before)
    shown = {
        "id": id,
        **present({name: sent[name] for name in ("name", "description", "metadata")}),
        **frame.members,
        "type": "usage_based",
        "managedBy": "manual",
        "status": "valid",
        "totals": totals_output(totals_of(line.rated.lines, currency)),
        **card_members(
            price=price_output(line.asked.price),
            feature_key=sent["featureKey"],
            tax_config=sent["taxConfig"],
            discounts=line.asked.discounts,
            unit_config=line.asked.unit_config,
        ),
        "quantity": number(line.asked.quantity - free),
        "meteredQuantity": number(line.asked.quantity),
        "preLinePeriodQuantity": number(line.asked.before - free_before),
        "meteredPreLinePeriodQuantity": number(line.asked.before),
        "children": children_output(line.rated.lines, charge=charge, frame=frame),
    }
    if charge.discounts.usage:
        usage = usage_discount_output(
            quantity=charge.discounts.usage,
            free=line.rated.usage_discount,
            free_before=line.free_before,
            frame=frame,
        )
        shown["discounts"] = {"usage": [usage]}
    return shown


def _customer(customer: Customer, subject_keys: Sequence[str]) -> dict[str, Any]:
    shown = {
        "id": customer.ulid,
        "key": customer.key,
        "name": customer.name,
        "addresses": [customer.billing_address] if customer.billing_address else None,
    }
    return present(shown) | {"usageAttribution": {"subjectKeys": list(subject_keys)}}


def _workflow(profile: BillingProfile) -> dict[str, Any]:
    return {
        "apps": shown_apps(profile.app),
        "sourceBillingProfileId": profile.ulid,
        "workflow": profile.workflow.to_json(),
    }
