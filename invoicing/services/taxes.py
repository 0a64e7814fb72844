"""Tax codes and rates, and the taxes of drafts anew."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from invoicing.lifecycle import EDITABLE, InvalidMove, InvoiceStatus, Trigger
from invoicing.models import Invoice, TaxCode, TaxRate
from invoicing.services.payments import hold_invoice
from invoicing.services.totals import recalculate
from invoicing.services.walks import walk
from metering.errors import DomainError
from metering.ingest.fence import current_bound


class TaxCodeExists(DomainError):
    status = 409
    code = "tax_code_exists"


class TaxRateOverlaps(DomainError):
    """Two rates would hold at once."""

    status = 409
    code = "tax_rate_overlaps"


class InvalidTaxRate(DomainError):
    code = "tax_rate_invalid"


@transaction.atomic
def create_tax_code(*, key: str, name: str, stripe_code: str = "", at: datetime) -> TaxCode:
    """
    Add a kind of product that tax law tells apart.

    :raises TaxCodeExists: if another has the key.
    """
    code, is_new = TaxCode.objects.get_or_create(
        key=key, defaults={"name": name, "stripe_code": stripe_code, "created_at": at}
    )
    if not is_new:
        raise TaxCodeExists(f"Choose another key than {key}: the tax code {code.name} has it.")
    return code


@transaction.atomic
def create_tax_rate(
    *,
    name: str,
    country: str,
    percentage: Decimal,
    valid_from: datetime,
    valid_to: datetime | None = None,
    code_id: int | None = None,
    at: datetime,
) -> TaxRate:
    """
    Add what a country takes of a kind of product while the rate is valid; without a code, of every other kind.

    :raises InvalidTaxRate: if it is no share of 0 to 100 %, or ends before it starts.
    :raises TaxRateOverlaps: if another rate of the country and the code holds at some time of it.
    """
    if not 0 <= percentage <= 100:
        raise InvalidTaxRate(f"Give a percentage from 0 to 100, not {percentage:f}.")
    _check_times(valid_from, valid_to)
    others = TaxRate.objects.filter(country=country, code=code_id).select_for_update().order_by("pk")
    # The exclusion constraint holds for what others add meanwhile.
    if other := others.filter(_holds_within(valid_from, valid_to)).first():
        raise TaxRateOverlaps(f"End the rate {other} of {other.valid_from:%Y-%m-%d} first: it holds at that time.")
    return TaxRate.objects.create(
        name=name,
        country=country,
        code_id=code_id,
        percentage=percentage,
        valid_from=valid_from,
        valid_to=valid_to,
        created_at=at,
        updated_at=at,
    )


@transaction.atomic
def end_tax_rate(*, rate_id: int, valid_to: datetime, at: datetime) -> TaxRate:
    """
    Let a rate hold up to a time, exclusive; invoices that are issued keep it.

    :raises InvalidTaxRate: if that is before it starts.
    :raises TaxRateOverlaps: if another rate holds before that time already.
    """
    rate = TaxRate.objects.select_for_update(of=("self",)).select_related("code").get(pk=rate_id)
    _check_times(rate.valid_from, valid_to)
    others = TaxRate.objects.filter(country=rate.country, code=rate.code_id).exclude(pk=rate.pk)
    if other := others.filter(_holds_within(rate.valid_from, valid_to)).first():
        raise TaxRateOverlaps(f"End it by {other.valid_from:%Y-%m-%d}: from then on another rate holds.")
    rate.valid_to, rate.updated_at = valid_to, at
    rate.save(update_fields=["valid_to", "updated_at"])
    return rate


def recalculate_taxes(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Choose the tax rates of a draft anew, total it, and move it on as any edit does. Call it outside a transaction.

    :raises InvalidMove: if it is not a draft that can be changed.
    """
    bound = current_bound()
    with transaction.atomic():
        invoice = hold_invoice(invoice_id)
        if invoice.status not in EDITABLE:
            status = InvoiceStatus(invoice.status).label.lower()
            raise InvalidMove(f"Choose a draft: the taxes of {invoice} are fixed, as it is {status}.")
        recalculate(invoice=invoice, at=at)
        return walk(invoice=invoice, at=at, trigger=Trigger.UPDATE, bound=bound)


def _check_times(valid_from: datetime, valid_to: datetime | None) -> None:
    if valid_to is not None and valid_to <= valid_from:
        raise InvalidTaxRate(f"End the rate after {valid_from.isoformat()}, when it starts.")


def _holds_within(start: datetime, end: datetime | None) -> Q:
    begins = Q() if end is None else Q(valid_from__lt=end)
    return begins & (Q(valid_to=None) | Q(valid_to__gt=start))
