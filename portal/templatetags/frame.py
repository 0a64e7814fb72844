"""What every page's frame needs, also on error pages that are rendered without a request."""

from django import template
from django.conf import settings

from invoicing import usage_csv
from invoicing.models import DetailedLine, InvoiceLine
from metering.models import Event
from pricing.models import RateCardType

register = template.Library()


@register.simple_tag
def site_name() -> str:
    """Return the name that the installation goes by."""
    return settings.SITE_NAME


@register.filter
def event_data(event: Event) -> str:
    """Show the data of an event as it was sent."""
    return usage_csv.event_data(event)


@register.filter
def part_name(part: DetailedLine, line: InvoiceLine) -> str:
    """Name a part below its line, without repeating the line's name."""
    name = part.name.removeprefix(f"{line.name}: ")
    return name[:1].upper() + name[1:]


@register.filter
def has_parts(line: InvoiceLine) -> bool:
    """Tell whether a line's parts say more than the line: usage at its prices, or a fee with a discount."""
    return line.type != RateCardType.FLAT_FEE or len(line.detailed_lines.all()) > 1
