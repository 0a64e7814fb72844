"""Tax rates, and which of them a document is taxed by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from invoicing.models import BillingProfile, TaxRate
from invoicing.taxes import KnownRate, TaxRule, tax_rule


@dataclass(frozen=True)
class Taxation:
    """How a document is taxed: by which rates, and what its profile says where lines are silent."""

    is_enforced: bool = False
    country: str = ""
    rates: Sequence[KnownRate] = ()
    default: Mapping[str, Any] | None = None

    def rule(self, config: Mapping[str, Any] | None, *, until: datetime) -> TaxRule | None:
        """Return the rate of a line whose service period ends at `until`; None if none is known."""
        if not self.rates:
            return None
        return tax_rule(self.rates, config=config, default=self.default, until=until)


def taxation_of(
    *, profile: BillingProfile, address: Mapping[str, Any] | None, workflow: Mapping[str, Any] | None = None
) -> Taxation:
    """
    Return how a buyer with that billing address is taxed, as a profile says, or the workflow copied from it.

    Rates are read in one query, and only where tax is computed and the buyer has a country.
    """
    tax, invoicing = (workflow or {}).get("tax", {}), (workflow or {}).get("invoicing", {})
    if not tax.get("enabled", profile.is_taxing):
        return Taxation()
    country = (address or {}).get("country") or ""
    return Taxation(
        is_enforced=tax.get("enforced", profile.is_tax_enforced),
        country=country,
        rates=rates_of_country(country) if country else (),
        default=invoicing.get("defaultTaxConfig", profile.default_tax_config),
    )


def rates_of_country(country: str) -> tuple[KnownRate, ...]:
    """Return every rate that a country had or will have, for whatever product."""
    rates = TaxRate.objects.filter(country=country).order_by("valid_from", "pk")
    columns = ("name", "percentage", "valid_from", "valid_to", "code__key", "code__ulid", "code__stripe_code")
    return tuple(
        KnownRate(name, country, percentage, start, end, code or "", code_id or "", stripe_code or "")
        for name, percentage, start, end, code, code_id, stripe_code in rates.values_list(*columns)
    )
