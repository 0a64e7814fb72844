"""The next line of a chain, as the services write it: what it adds to, or takes from, what was billed before."""

from dataclasses import replace

from invoicing.lines import LineState, rate_line
from invoicing.models import InvoiceLine, LineCause
from invoicing.queries.explain import charge_of_line
from invoicing.queries.measuring import measured
from metering.models import Batch
from pricing.rating import to_json
from tests import factories


def follow(line: InvoiceLine, *, now: LineState | None, invoice, cause=LineCause.CHANGE, **kwargs) -> InvoiceLine:
    """Bill the difference between a line's now and another one on an invoice."""
    before = LineState.from_json(line.now) if line.now else None
    rated = rate_line(charge=charge_of_line(line), name=line.name, currency=line.currency, before=before, now=now)
    made = factories.InvoiceLineFactory(
        invoice=invoice,
        subscription_item=line.subscription_item,
        **{name: getattr(line, name) for name in ("name", "type", "price")},
        sequence=line.sequence + 1,
        cause=cause,
        corrects=line,
        feature=line.feature,
        meter_version=line.meter_version,
        period_start=line.period_start,
        period_end=line.period_end,
        before=line.now,
        now=now and now.to_json(),
        quantity=(now.quantity if now else 0) - (before.quantity if before else 0),
        usage_discount=rated.usage_discount,
        amount=rated.amount,
        trace=[to_json(step) for step in rated.steps],
        **kwargs,
    )
    for position, part in enumerate(rated.lines):
        made.detailed_lines.create(position=position, **part.__dict__)
    return made


def measured_now(line: InvoiceLine) -> LineState:
    """Return a line's state with what is known of its usage by now."""
    latest = replace(LineState.from_json(line.now), bound=Batch.objects.latest("pk").pk)
    return measured(latest, version=line.meter_version, charge=charge_of_line(line), filters=line.filters)


def give_back(line: InvoiceLine, *, amount, reason, invoice) -> InvoiceLine:
    """Give back a part of a line by hand, which changes nothing of what usage comes to."""
    made = follow(
        line, now=LineState.from_json(line.now) if line.now else None, invoice=invoice, cause=LineCause.ADJUSTMENT
    )
    made.detailed_lines.create(
        position=0,
        key="adjustment",
        name=reason,
        category="adjustment",
        quantity=1,
        unit_amount=-amount,
        amount=-amount,
    )
    made.amount = -amount
    made.save(update_fields=["amount"])
    return made
