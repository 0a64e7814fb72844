"""Another system invoices: over HTTP, through all of its calls."""

from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from invoicing.lifecycle import InvoiceStatus as S
from invoicing.models import App, BillingProfile, Invoice, InvoiceType
from invoicing.services.billing_run import run_billing
from metering.authentication import forget_api_keys
from tests.factories import ApiKeyFactory, TestClockFactory
from tests.invoicing.billed import audited
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db
CALLS = "/api/v1/apps/custom-invoicing"


@pytest.fixture
def api():
    forget_api_keys()
    ApiKeyFactory(secret="bil_secret_of_the_tests")
    client = APIClient(headers={"Authorization": "Bearer bil_secret_of_the_tests"})

    def send(method, path, body=None, status=204):
        response = client.generic(method, path, client._encode_data(body or {}, "json")[0], "application/json")
        assert response.status_code == status, response.content
        return response.json() if response.content else None

    return send


@pytest.fixture
def draft(api):
    """A draft of 32.50 that waits for the other system, which has installed itself with both hooks."""
    listing = "/api/v1/marketplace/listings/custom_invoicing/install"
    app = api("POST", listing, {"name": "Books"}, status=200)["app"]
    hooks = {"enableDraftSyncHook": True, "enableIssuingSyncHook": True}
    api("PUT", f"/api/v1/apps/{app['id']}", {"type": app["type"], "name": "Books", **hooks}, status=200)
    subscription = subscribe()
    customer = subscription.customer
    customer.test_clock = TestClockFactory(now_at=day(2, 1, hour=1))
    customer.save()
    BillingProfile.objects.filter(is_default=True).update(app=App.objects.get(name="Books"))
    use(customer, 150, day(1, 10))
    run_billing(now=day(2, 1, hour=1))
    found = customer.invoices.get(billed_at=day(2, 1))
    assert (found.status, found.total) == (S.DRAFT_SYNCING, Decimal("32.50"))
    return found


def call(api, invoice, what, body=None, status=204):
    answer = api("POST", f"{CALLS}/{invoice.ulid}/{what}", body, status)
    invoice.refresh_from_db()
    return answer


def issue(api, invoice):
    call(api, invoice, "draft/synchronized")
    call(api, invoice, "issuing/synchronized")
    assert invoice.status == S.PAYMENT_PENDING


def test_it_goes_from_call_to_call_until_it_is_paid(api, draft):
    line = draft.lines.first()
    call(
        api,
        draft,
        "draft/synchronized",
        {
            "invoicing": {
                "externalId": "books-17",
                "invoiceNumber": "B-DRAFT",
                "lineExternalIds": [{"lineId": line.ulid, "externalId": "books-17-1"}],
            }
        },
    )
    assert (draft.status, draft.external_invoicing_id, draft.number) == (S.ISSUING_SYNCING, "books-17", None)
    assert draft.external_parts == {line.ulid: "books-17-1"}
    sent = {"invoicing": {"invoiceNumber": "B-2026-1", "sentToCustomerAt": "2026-02-01T02:00:00Z"}}
    call(api, draft, "issuing/synchronized", sent | {"payment": {"externalId": "pay-9"}})
    # Their number stands beside ours, which is the first of the series.
    assert (draft.status, draft.external_number, draft.sequence_number) == (S.PAYMENT_PENDING, "B-2026-1", 1)
    assert (draft.sent_at, draft.external_payment_id) == (day(2, 1, hour=2), "pay-9")
    assert draft.issued_at == day(2, 1, hour=1)
    # The answer to the call got lost: nothing happens twice.
    call(api, draft, "issuing/synchronized", sent)
    call(api, draft, "payment/status", {"trigger": "payment_failed"})
    assert draft.status == S.PAYMENT_FAILED
    call(api, draft, "payment/status", {"trigger": "action_required"})
    call(api, draft, "payment/status", {"trigger": "payment_overdue"})
    assert draft.status == S.OVERDUE
    call(api, draft, "payment/status", {"trigger": "paid"})
    assert (draft.status, draft.settled, draft.paid_at) == (S.PAID, Decimal("32.50"), day(2, 1, hour=1))
    attempts = draft.payments.order_by("attempt").values_list("provider", "status", "amount")
    assert list(attempts) == [
        ("custom_invoicing", "failed", Decimal("32.50")),
        ("custom_invoicing", "succeeded", Decimal("32.50")),
    ]
    assert audited(day(2, 20)) == []


def test_it_may_give_up_or_void_what_it_sent(api, draft):
    issue(api, draft)
    call(api, draft, "payment/status", {"trigger": "payment_uncollectible"})
    assert draft.status == S.UNCOLLECTIBLE
    call(api, draft, "payment/status", {"trigger": "void"})
    assert (draft.status, draft.due) == (S.VOIDED, 0)
    note = Invoice.objects.get(type=InvoiceType.CREDIT_NOTE, corrects=draft)
    assert (note.total, note.status) == (Decimal("-32.50"), S.PAID)
    run_billing(now=day(2, 2))
    assert draft.customer.invoices.filter(billed_at=day(2, 1), type=InvoiceType.STANDARD).count() == 1
    assert audited(day(2, 20)) == []


@pytest.mark.parametrize(
    ("what", "body", "code"),
    [
        ("issuing/synchronized", {}, "invoice_action_not_available"),
        ("payment/status", {"trigger": "paid"}, "invoice_action_not_available"),
        ("payment/status", {"trigger": "void"}, "invoice_action_not_available"),
        (
            "draft/synchronized",
            {"invoicing": {"lineExternalIds": [{"lineId": "0" * 26, "externalId": "x"}]}},
            "invoice_line_unknown",
        ),
    ],
)
def test_it_refuses_what_the_invoice_does_not_wait_for(api, draft, what, body, code):
    before = Invoice.objects.values().get(pk=draft.pk)
    problem = call(api, draft, what, body, status=400)
    assert problem["extensions"]["code"] == code
    assert Invoice.objects.values().get(pk=draft.pk) == before


def test_an_app_that_collects_itself_takes_no_calls(api):
    invoice = subscribe().customer.invoices
    run_billing(now=day(1, 1))
    problem = call(api, invoice.get(), "payment/status", {"trigger": "paid"}, status=400)
    assert problem["extensions"]["code"] == "app_does_not_call_back"


def test_an_app_is_not_uninstalled_while_an_invoice_needs_it(api, draft):
    app = draft.profile.app
    problem = api("DELETE", f"/api/v1/apps/{app.ulid}", status=409)
    assert problem["detail"].startswith("Delete the billing profile")
