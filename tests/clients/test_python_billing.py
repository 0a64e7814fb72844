"""Billing profiles, pending lines and invoices by OpenMeter's Python SDK."""

from datetime import UTC, datetime

import pytest
from corehttp.exceptions import HttpResponseError, ResourceNotFoundError
from openmeter import Client
from openmeter import models as om
from openmeter._generated import models

from tests.clients.shapes import misfits

JUNE = om.Period(from_property=datetime(2026, 6, 1, tzinfo=UTC), to=datetime(2026, 7, 1, tzinfo=UTC))


@pytest.fixture
def profile(client: Client, name):
    """A seller whose drafts wait for approval."""
    app = client.billing_profiles.list().items_property[0].apps["invoicing"]["id"]
    return client.billing_profiles.create(
        om.BillingProfileCreate(
            name=name,
            default=False,
            supplier=om.BillingParty(name="Anvils GmbH", addresses=[om.Address(country="DE", city="Berlin")]),
            workflow=om.BillingWorkflowCreate(
                invoicing=om.BillingWorkflowInvoicingSettings(auto_advance=False, due_after="P14D")
            ),
            apps=om.BillingProfileAppsCreate(tax=app, invoicing=app, payment=app),
        )
    )


@pytest.fixture
def customer(client, name, profile):
    made = client.customers.create(om.CustomerCreate(name="Acme", key=name, currency="USD"))
    pin = om.BillingProfileCustomerOverrideCreate(billing_profile_id=profile.id)
    assert client.customer_overrides.upsert(made.id, pin).base_billing_profile_id == profile.id
    return made


def flat_line(name, amount):
    price = om.FlatPriceWithPaymentTerm(type="flat", amount=amount)
    card = om.InvoiceUsageBasedRateCard(price=price)
    return om.InvoicePendingLineCreate(name=name, period=JUNE, invoice_at=JUNE.from_property, rate_card=card)


def invoice_now(client, customer, *lines):
    body = om.InvoicePendingLineCreateInput(currency="USD", lines=list(lines))
    client.customer_invoice.create_pending_invoice_line(customer.id, body)
    [invoice] = client.invoices.invoice_pending_lines_action(om.InvoicePendingLinesActionInput(customer_id=customer.id))
    return invoice


def test_profiles_are_made_changed_listed_and_deleted(client, profile):
    shown = client.billing_profiles.get(profile.id)
    assert (shown.supplier.name, shown.default, shown.workflow.invoicing.due_after) == ("Anvils GmbH", False, "P14D")
    change = om.BillingProfileReplaceUpdateWithWorkflow(
        name="Changed", supplier=shown.supplier, default=False, workflow=shown.workflow
    )
    assert client.billing_profiles.update(profile.id, change).name == "Changed"
    assert profile.id in [one.id for one in client.billing_profiles.list(page_size=1000).items_property]
    client.billing_profiles.delete(profile.id)
    assert profile.id not in [one.id for one in client.billing_profiles.list(page_size=1000).items_property]


def test_customers_are_pinned_listed_and_unpinned(client, profile, customer):
    [found] = client.customer_overrides.list(billing_profile=[profile.id], expand=["customer"]).items_property
    assert (found.customer.id, found.customer_override.billing_profile_id) == (customer.id, profile.id)
    with pytest.raises(HttpResponseError) as refused:
        client.billing_profiles.delete(profile.id)
    assert refused.value.status_code == 400
    client.customer_overrides.delete(customer.id)
    assert client.customer_overrides.get(customer.id).customer_override is None
    with pytest.raises(ResourceNotFoundError):
        client.customer_overrides.delete(customer.id)


def test_pending_lines_become_an_invoice_that_is_edited_approved_and_paid(client, customer):
    draft = invoice_now(client, customer, flat_line("Setup", "100"), flat_line("Support", "20"))
    assert (draft.status, draft.status_details.extended_status) == ("draft", "draft.manual_approval_needed")
    assert [line.totals.total for line in draft.lines] == ["100.00", "20.00"]
    setup = draft.lines[0]
    kept = om.InvoiceLineReplaceUpdate(
        id=setup.id, name="Set-up", period=setup.period, invoice_at=setup.invoice_at, rate_card=setup.rate_card
    )
    edit = om.InvoiceReplaceUpdate(
        supplier=om.BillingPartyReplaceUpdate(name="Anvils GmbH"),
        customer=om.BillingPartyReplaceUpdate(name="Acme Holding"),
        lines=[kept],
        workflow=om.InvoiceWorkflowReplaceUpdate(
            workflow=om.InvoiceWorkflowSettingsReplaceUpdate(
                invoicing=om.InvoiceWorkflowInvoicingSettingsReplaceUpdate(auto_advance=False),
                payment=om.BillingWorkflowPaymentSettings(),
            )
        ),
    )
    edited = client.invoice.update_invoice(draft.id, edit)
    assert ([line.name for line in edited.lines], edited.totals.total) == (["Set-up"], "100.00")
    assert client.invoice.recalculate_tax_action(draft.id).totals.total == "100.00"
    paid = client.invoice.approve_action(draft.id)
    assert (paid.status, paid.customer.name, paid.number.startswith("INV")) == ("paid", "Acme Holding", True)
    listed = client.invoices.list(customers=[customer.id], expand=["lines"], order_by="issuedAt", order="DESC")
    assert [(one.id, len(one.lines)) for one in listed.items_property] == [(draft.id, 1)]
    with pytest.raises(HttpResponseError) as refused:
        client.invoice.advance_action(draft.id)
    assert refused.value.status_code == 400


def test_a_draft_is_deleted_and_an_issued_invoice_voided(client, customer):
    draft = invoice_now(client, customer, flat_line("Setup", "100"))
    client.invoice.delete_invoice(draft.id)
    assert client.invoices.list(customers=[customer.id]).items_property == []
    [deleted] = client.invoices.list(customers=[customer.id], include_deleted=True).items_property
    assert deleted.status_details.extended_status == "deleted"
    failing = om.CustomerReplaceUpdate(
        name="Acme", key=customer.key, metadata={"openmeter.io/sandbox/target-payment-status": "failed"}
    )
    client.customers.update(customer.id, failing)
    issued = client.invoice.approve_action(invoice_now(client, customer, flat_line("Setup", "50")).id)
    assert issued.status_details.extended_status == "payment_processing.failed"
    assert client.invoice.retry_action(issued.id).status_details.failed is True
    action = {"percentage": 100, "action": {"type": "discard"}}
    voided = client.invoice.void_invoice_action(issued.id, {"reason": "Wrong", "action": action})
    assert (voided.status, voided.voided_at is None) == ("voided", False)
    notes = [one for one in client.invoices.list(customers=[customer.id]).items_property if one.type == "credit_note"]
    assert [note.totals.total for note in notes] == ["-50.00"]


def test_answers_fit_the_models(client, live_billing, profile, customer):
    invoice_now(client, customer, flat_line("Setup", "100"))

    def fits(path, model):
        answer = live_billing.request(path, None, content_type="application/json")
        assert answer.status == 200, answer.body
        return misfits(answer.json(), model)

    own = ("numberPrefix", "creditNotePrefix", "zeroInvoices", "corrections")
    found = fits(f"/api/v1/billing/profiles/{profile.id}", models.BillingProfile)
    assert sorted(found) == sorted(f"$.{name} is unknown to BillingProfile" for name in own)
    assert fits(f"/api/v1/billing/customers/{customer.id}", models.BillingProfileCustomerOverrideWithDetails) == []
    page = f"/api/v1/billing/invoices?customers={customer.id}&expand=lines&expand=workflow.apps"
    assert fits(page, models.InvoicePaginatedResponse) == []
