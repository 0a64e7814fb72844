"""One seller is there from the first start."""

from datetime import timedelta

import pytest

from invoicing.models import App, AppType, BillingProfile, InvoiceSequence
from invoicing.services.profiles import ensure_default_profile
from tests.factories import START
from tests.invoicing.contracts import day

pytestmark = pytest.mark.django_db


def test_it_is_made_by_the_first_migrate():
    profile = BillingProfile.objects.get(is_default=True)
    assert (profile.supplier_name, profile.app.type) == ("Billing", AppType.SANDBOX)
    assert (profile.collection_interval, profile.due_after) == (timedelta(hours=1), timedelta(days=30))
    assert (profile.number_prefix, profile.credit_note_prefix) == ("INV-", "CN-")
    assert sorted(profile.sequences.values_list("type", "last_number")) == [("credit_note", 0), ("standard", 0)]


def test_it_changes_nothing_the_second_time():
    first = ensure_default_profile(at=START)
    BillingProfile.objects.update(supplier_name="Tokens Ltd")
    again = ensure_default_profile(at=day(2, 1))
    assert (again.pk, again.supplier_name) == (first.pk, "Tokens Ltd")
    assert (App.objects.count(), BillingProfile.objects.count(), InvoiceSequence.objects.count()) == (1, 1, 2)
