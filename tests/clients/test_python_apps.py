"""Apps, the marketplace and custom invoicing by OpenMeter's Python SDK."""

from datetime import UTC, datetime

import pytest
from corehttp.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from openmeter import models as om

JUNE = om.Period(from_property=datetime(2026, 6, 1, tzinfo=UTC), to=datetime(2026, 7, 1, tzinfo=UTC))


@pytest.fixture
def app(client, name):
    """Another system that confirms drafts and issues, installed with a seller of its own."""
    made = client.marketplace.install("custom_invoicing", om.MarketplaceInstallRequestPayload(name=name)).app
    hooks = {"enableDraftSyncHook": True, "enableIssuingSyncHook": True}
    return client.apps.update(made["id"], {"type": "custom_invoicing", "name": name, **hooks})


def test_the_marketplace_lists_what_can_be_installed(client):
    listed = client.marketplace.list().items_property
    assert [listing.type for listing in listed] == ["sandbox", "custom_invoicing"]
    assert client.marketplace.get("sandbox").name == "Sandbox"
    with pytest.raises(ResourceNotFoundError):
        client.marketplace.get("stripe")


def test_an_app_is_listed_and_stays_while_a_seller_uses_it(client, name, app):
    assert (app["name"], app["status"], app["enableIssuingSyncHook"]) == (name, "ready", True)
    assert app["id"] in [one["id"] for one in client.apps.list(page_size=1000).items_property]
    with pytest.raises(ResourceExistsError, match="Delete the billing profile"):
        client.apps.uninstall(app["id"])
    [profile] = [one for one in client.billing_profiles.list(page_size=1000).items_property if one.name == name]
    client.billing_profiles.delete(profile.id)
    client.apps.uninstall(app["id"])
    assert client.apps.get(app["id"])["deletedAt"]


def test_an_app_keeps_what_it_knows_of_a_customer(client, name, app):
    customer = client.customers.create(om.CustomerCreate(name="Acme", key=name, currency="USD"))
    given = [{"type": "custom_invoicing", "id": app["id"], "metadata": {"account": "17"}}]
    [kept] = client.customer_apps.upsert_app_data(name, given)
    assert (kept["id"], kept["app"]["name"], kept["metadata"]) == (app["id"], name, {"account": "17"})
    assert client.customer_apps.list_app_data(customer.id, type="sandbox").total_count == 0
    client.customer_apps.delete_app_data(customer.id, app["id"])
    assert client.customer_apps.list_app_data(customer.id).items_property == []


def test_another_system_takes_an_invoice_through_its_calls(client, name, app):
    [profile] = [one for one in client.billing_profiles.list(page_size=1000).items_property if one.name == name]
    customer = client.customers.create(om.CustomerCreate(name="Acme", key=name, currency="USD"))
    client.customer_overrides.upsert(
        customer.id, om.BillingProfileCustomerOverrideCreate(billing_profile_id=profile.id)
    )
    card = om.InvoiceUsageBasedRateCard(price=om.FlatPriceWithPaymentTerm(type="flat", amount="12.50"))
    line = om.InvoicePendingLineCreate(name="Setup", period=JUNE, invoice_at=JUNE.from_property, rate_card=card)
    client.customer_invoice.create_pending_invoice_line(
        customer.id, om.InvoicePendingLineCreateInput(currency="USD", lines=[line])
    )
    [draft] = client.invoices.invoice_pending_lines_action(om.InvoicePendingLinesActionInput(customer_id=customer.id))

    def state():
        return client.invoice.get_invoice(draft.id).status_details.extended_status

    calls = client.app_custom_invoicing
    assert state() == "draft.syncing"
    with pytest.raises(HttpResponseError, match="Wait until"):
        calls.finalized(draft.id, om.CustomInvoicingFinalizedRequest())
    calls.draft_syncronized(draft.id, om.CustomInvoicingDraftSynchronizedRequest())
    assert state() == "issuing.syncing"
    calls.finalized(
        draft.id,
        om.CustomInvoicingFinalizedRequest(
            invoicing=om.CustomInvoicingFinalizedInvoicingRequest(invoice_number="B-2026-1")
        ),
    )
    assert state() == "payment_processing.pending"
    calls.payment_status(draft.id, om.CustomInvoicingUpdatePaymentStatusRequest(trigger="paid"))
    assert state() == "paid"
