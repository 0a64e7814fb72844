"""Billing profiles: who sells, and how."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from invoicing.models import App, AppType, BillingProfile, InvoiceSequence, InvoiceType

COLLECTION_INTERVAL = timedelta(hours=1)
DUE_AFTER = timedelta(days=30)


@transaction.atomic
def ensure_default_profile(*, at: datetime) -> BillingProfile:
    """
    Return the default billing profile; make it, with a sandbox and a number series, on the first start.

    The seller takes the name of the site. Safe to repeat.
    """
    profile = BillingProfile.objects.filter(is_default=True).first() or _create_unless_another_did(at)
    for type in InvoiceType.values:
        InvoiceSequence.objects.get_or_create(profile=profile, type=type)
    return profile


def _create_unless_another_did(at: datetime) -> BillingProfile:
    try:
        with transaction.atomic():
            return _create(at)
    except IntegrityError:
        return BillingProfile.objects.get(is_default=True)


def _create(at: datetime) -> BillingProfile:
    sandbox = App.objects.create(type=AppType.SANDBOX, name="Sandbox", created_at=at, updated_at=at)
    return BillingProfile.objects.create(
        name="Default",
        is_default=True,
        app=sandbox,
        supplier_name=settings.SITE_NAME,
        collection_interval=COLLECTION_INTERVAL,
        due_after=DUE_AFTER,
        created_at=at,
        updated_at=at,
    )
