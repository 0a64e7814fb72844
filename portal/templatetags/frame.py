"""What every page's frame needs, also on error pages that are rendered without a request."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def site_name() -> str:
    """Return the name that the installation goes by."""
    return settings.SITE_NAME
