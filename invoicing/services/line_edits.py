"""What may change on a line, and what it costs then; in memory alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import QuerySet

from invoicing.lines import LineState, is_metered, rate_line
from invoicing.models import DetailedLineCategory, InvoiceLine, LineCause, ManagedBy
from invoicing.queries.explain import charge_of_line
from invoicing.services.manual_lines import FeatureHasNoMeter, LineTerms, charge_of
from invoicing.services.pending_lines import in_seconds
from metering.errors import DomainError
from metering.periods import Period
from pricing.models import Feature, RateCardType
from pricing.normal_terms import normal_json
from pricing.prices import Charge
from pricing.rating import Rated, to_json

# Clients keep milliseconds of what we store in microseconds.
_SAME = timedelta(milliseconds=1)
_JSON = ("price", "discounts", "unit_config", "tax_config")
_TEXTS = ("name", "description", "metadata")
_PRICING = frozenset({"price", "discounts", "unit_config"})
UNCHANGED = cast(Any, object())


class CannotEditLine(DomainError):
    code = "invoice_line_cannot_be_edited"


class CannotEditPeriod(CannotEditLine):
    code = "invoice_line_period_edit_not_supported"


class CannotEditFeature(CannotEditLine):
    code = "invoice_line_feature_key_edit_not_supported"


class CannotEditBilledOn(CannotEditLine):
    code = "cannot_edit_progressively_billed_usagebased_line"


@dataclass(frozen=True)
class LineChanges:
    """What is to change of a line; what is not given stays."""

    name: str = UNCHANGED
    description: str = UNCHANGED
    metadata: Mapping[str, str] = UNCHANGED
    price: Mapping[str, Any] = UNCHANGED
    discounts: Mapping[str, Any] | None = UNCHANGED
    unit_config: Mapping[str, Any] | None = UNCHANGED
    tax_config: Mapping[str, Any] | None = UNCHANGED
    feature: Feature | None = UNCHANGED
    period: Period = UNCHANGED
    invoice_at: datetime = UNCHANGED


def change_line(line: InvoiceLine, changes: LineChanges) -> list[str]:
    """
    Set what differs on a line, in memory; return the columns.

    :raises CannotEditPeriod: if a subscription says its time.
    :raises CannotEditFeature: if a subscription says its feature.
    :raises CannotEditBilledOn: if its price is to change, and it bills on what was billed before or will be.
    """
    found = _differences(line, changes)
    if line.subscription_item_id is not None:
        _check_subscription(line, found)
    for name, value in found.items():
        setattr(line, name, value)
    is_measured_anew = found.keys() & {*_PRICING, "feature", "period_start", "period_end"}
    if line.subscription_item_id is None and is_measured_anew:
        found |= _measured_by(line)
    return list(found)


def differs(line: InvoiceLine, changes: LineChanges) -> bool:
    """Tell whether a line says something else than it should."""
    return bool(_differences(line, changes))


def rate_again(line: InvoiceLine) -> Rated:
    """Rate a subscription's line from the states that it stores, in memory; what was given by hand stays."""
    before, now = (LineState.from_json(state) if state else None for state in (line.before, line.now))
    charge = charge_of_line(line)
    rated = rate_line(charge=charge, name=line.name, currency=str(line.currency), before=before, now=now)
    by_hand = [part for part in line.detailed_lines.all() if part.category == DetailedLineCategory.ADJUSTMENT]
    line.amount = rated.amount + sum(part.amount for part in by_hand)
    line.usage_discount = rated.usage_discount
    line.trace = to_json(rated)["steps"]
    return rated


def is_removed(line: InvoiceLine) -> bool:
    """Tell whether somebody took a subscription's line off: it is kept as a record of what was billed."""
    if line.subscription_item_id is None or line.managed_by != ManagedBy.MANUAL or line.amount:
        return False
    return any(part.category == DetailedLineCategory.ADJUSTMENT for part in line.detailed_lines.all())


def _differences(line: InvoiceLine, changes: LineChanges) -> dict[str, Any]:
    wanted = {name: getattr(changes, name) for name in _TEXTS}
    wanted |= {name: getattr(changes, name) for name in _JSON}
    if line.price.get("type") == "minimum":
        # It is shown as a fee, and no price of its own.
        wanted["price"] = UNCHANGED
    found = {
        name: normal_json(value) if name in _JSON else value
        for name, value in wanted.items()
        if value is not UNCHANGED and not _is_same(name, getattr(line, name), value)
    }
    if changes.feature is not UNCHANGED and changes.feature != line.feature:
        found["feature"] = changes.feature
    times = {"invoice_at": changes.invoice_at}
    if changes.period is not UNCHANGED:
        times |= {"period_start": changes.period.start, "period_end": changes.period.end}
    for name, time in times.items():
        if time is not UNCHANGED and abs(time - getattr(line, name)) >= _SAME:
            found[name] = time
    return found


def _is_same(name: str, stored: Any, sent: Any) -> bool:
    if name in _JSON:
        return bool(normal_json(stored) == normal_json(sent))
    return bool(stored == sent)


def _check_subscription(line: InvoiceLine, found: Mapping[str, Any]) -> None:
    if found.keys() & {"period_start", "period_end", "invoice_at"}:
        raise CannotEditPeriod(f"Keep the time of {line.name!r}: its subscription says it.")
    if "feature" in found:
        raise CannotEditFeature(f"Keep the feature of {line.name!r}: its subscription says it.")
    if not found.keys() & _PRICING:
        return
    now = LineState.from_json(line.now) if line.now else None
    is_billed_on = line.before or now is None or not now.is_final or line.cause != LineCause.PERIOD
    if is_billed_on or _later_lines(line).exists():
        raise CannotEditBilledOn(
            f"Keep the price of {line.name!r}, or give it a discount: it bills on what was billed before, or will be."
        )
    _check_price(line, found)


def _later_lines(line: InvoiceLine) -> QuerySet[InvoiceLine]:
    item, start = line.subscription_item_id, line.period_start
    return InvoiceLine.objects.filter(subscription_item=item, period_start=start, sequence__gt=line.sequence)


def _check_price(line: InvoiceLine, found: Mapping[str, Any]) -> None:
    old = charge_of_line(line)
    if not isinstance(old, Charge):
        raise CannotEditLine(f"Keep the price of {line.name!r}: it is the plan's minimum. Give a discount instead.")
    terms = {name: found.get(name, getattr(line, name)) for name in _PRICING}
    new = charge_of(**terms)
    if is_metered(new) and line.meter_version_id is None:
        raise FeatureHasNoMeter(f"Give {line.name!r} a flat price: nothing measures its usage.")
    if is_metered(new) and set(new.needs_groups) - set(old.needs_groups):
        raise CannotEditLine(f"Give {line.name!r} a price for all usage: its groups were not measured.")


def _measured_by(line: InvoiceLine) -> dict[str, Any]:
    """Set what measures a line by hand, as its price and feature say now."""
    period = Period(line.period_start, line.period_end)
    terms = in_seconds(
        LineTerms(
            name=line.name,
            period=period,
            invoice_at=line.invoice_at,
            price=line.price,
            feature=line.feature,
            discounts=line.discounts,
            unit_config=line.unit_config,
        )
    )
    version = terms.version
    measured: dict[str, Any] = {
        "meter_version": version,
        "type": RateCardType.USAGE_BASED if version else RateCardType.FLAT_FEE,
        "filters": line.feature.filters if version and line.feature else {},
    }
    for name, value in measured.items():
        setattr(line, name, value)
    return measured
