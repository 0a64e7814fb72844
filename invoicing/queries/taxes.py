"""Tax rates in force."""

from invoicing.models import TaxRate
from invoicing.taxes import KnownRate


def rates_of_country(country: str) -> tuple[KnownRate, ...]:
    """Return every rate that a country had or will have, for whatever product."""
    rates = TaxRate.objects.filter(country=country).select_related("code").order_by("valid_from", "pk")
    return tuple(
        KnownRate(
            name=rate.name,
            country=rate.country,
            percentage=rate.percentage,
            valid_from=rate.valid_from,
            valid_to=rate.valid_to,
            code=rate.code.key if rate.code else "",
            code_id=str(rate.code.ulid) if rate.code else "",
            stripe_code=rate.code.stripe_code if rate.code else "",
        )
        for rate in rates
    )
