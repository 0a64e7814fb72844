"""Operators delete meters and customers once they have confirmed it; the services say what stands against it."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from metering.history import changes_of
from tests.factories import (
    CustomerFactory,
    FeatureFactory,
    MeterVersionFactory,
    SubjectLinkFactory,
    SubscriptionFactory,
    UserFactory,
)


def address(row, name="delete_action"):
    return reverse(f"admin:metering_{row._meta.model_name}_{name}", args=(row.pk,))


def make_meter():
    return MeterVersionFactory(meter__slug="tokens").meter


def make_customer():
    return SubjectLinkFactory(customer__key="acme", subject__key="acme").customer


@pytest.mark.parametrize("make", [make_meter, make_customer])
def test_it_deletes_what_was_confirmed_and_says_why_in_the_history(console, operator, make):
    row = make()
    assert address(row) in console.get(address(row, "change")).content.decode()
    asked = console.get(address(row))
    row.refresh_from_db()
    assert (asked.status_code, row.deleted_at) == (200, None)
    done = console.post(address(row), {"change_reason": "Made by mistake"})
    assert done["Location"] == address(row, "change")
    row.refresh_from_db()
    assert row.deleted_at is not None
    last = changes_of(row)[0]
    assert (last.actor, last.reason) == (operator.email, "Made by mistake")
    page = console.get(done["Location"]).content.decode()
    assert "is deleted." in page
    assert address(row) not in page


def test_it_refuses_to_delete_a_meter_that_is_sold(console):
    meter = FeatureFactory(key="large", meter=make_meter()).meter
    page = console.post(address(meter), {"change_reason": ""})
    assert page.status_code == 200
    assert "First archive what tokens measures" in page.content.decode()
    meter.refresh_from_db()
    assert meter.deleted_at is None


def test_it_refuses_to_delete_a_customer_with_a_subscription(console):
    customer = SubscriptionFactory(customer=CustomerFactory(key="acme")).customer
    page = console.post(address(customer), {"change_reason": ""})
    assert page.status_code == 200
    assert "Cancel the subscription" in page.content.decode()
    customer.refresh_from_db()
    assert customer.deleted_at is None


@pytest.mark.django_db
@pytest.mark.parametrize("make", [make_meter, make_customer])
def test_it_lets_nobody_delete_who_may_only_look(client, make):
    row = make()
    reader = UserFactory(is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)
    assert address(row) not in client.get(address(row, "change")).content.decode()
    assert client.post(address(row), {}).status_code == 403
    row.refresh_from_db()
    assert row.deleted_at is None
