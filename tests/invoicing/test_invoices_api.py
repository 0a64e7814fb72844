"""Invoices over the API: pending lines become drafts, drafts are edited, approved, paid, voided or deleted."""

from decimal import Decimal

import pytest

from invoicing.models import Invoice, InvoiceLine
from tests.factories import FeatureFactory
from tests.invoicing.contracts import day, subscribe, use
from tests.invoicing.invoices_api import INVOICES, JUNE, Api, after_june, code, customer_at, flat_line, keep_drafts

pytestmark = pytest.mark.django_db
UNIT = {"type": "unit", "amount": "1"}
INSTANT = JUNE | {"to": "2026-06-01T00:00:00.5Z"}


@pytest.fixture
def api(db):
    return Api()


@pytest.fixture
def acme(db):
    return customer_at(after_june(), key="acme", name="Acme Ltd")


def test_pending_lines_wait_on_one_gathering_invoice(api, acme):
    first = api.pending(acme, flat_line("100"))
    assert first["isInvoiceNew"] is True
    invoice = first["invoice"]
    assert (invoice["status"], invoice["number"]) == ("gathering", f"GATHER-ACLT-USD-{Invoice.objects.get().pk}")
    assert invoice["statusDetails"]["availableActions"] == {"invoice": {}}
    (line,) = first["lines"]
    assert (line["managedBy"], line["totals"]["total"], line["price"]["amount"]) == ("manual", "100.00", "100")
    second = api.pending(acme, flat_line("50", name="Support"), flat_line("1", invoiceAt="2026-06-15T00:00:00Z"))
    assert (second["isInvoiceNew"], second["invoice"]["id"]) == (False, invoice["id"])
    # 100.00 + 50.00 + 1.00
    assert second["invoice"]["totals"]["total"] == "151.00"
    assert second["invoice"]["collectionAt"] == "2026-06-15T00:00:00Z"


@pytest.mark.parametrize(
    ("line", "status", "expected"),
    [
        (flat_line("0"), 400, "invoice_line_zero_amount_delete_instead"),
        (flat_line("-5"), 400, "invoice_line_cannot_be_priced"),
        (
            flat_line("1", rateCard={"price": {"type": "unit", "amount": "1"}}),
            400,
            "invoice_line_feature_has_no_meters",
        ),
        (flat_line("1", featureKey="none"), 400, "invoice_line_feature_not_found"),
        (
            flat_line("1", period=JUNE | {"to": "2026-06-01T00:00:00.5Z"}),
            400,
            "invoice_create_ubp_line_period_is_empty",
        ),
    ],
)
def test_it_refuses_lines_that_cannot_be_billed(api, acme, line, status, expected):
    assert code(api.pending(acme, line, status=status)) == expected
    assert not Invoice.objects.exists()


def test_an_empty_list_of_lines_is_refused(api, acme):
    assert "lines" in api.pending(acme, status=400)["detail"]


def test_usage_of_a_line_by_hand_is_read_when_it_is_billed(api, acme):
    feature = FeatureFactory()
    card = {"featureKey": feature.key, "price": {"type": "unit", "amount": "0.5"}}
    use(acme, 30, day(6, 10))
    (pending,) = api.pending(acme, flat_line("1", name="Tokens", rateCard=card))["lines"]
    # What is shown counts the usage so far: 30 x 0.50.
    assert (pending["meteredQuantity"], pending["totals"]["total"]) == ("30", "15.00")
    use(acme, 10, day(6, 20))
    (invoice,) = api.invoice_now(acme)
    (line,) = invoice["lines"]
    # 40 x 0.50
    assert (line["id"], line["quantity"], line["totals"]["total"]) == (pending["id"], "40", "20.00")
    assert line["children"][0]["perUnitAmount"] == "0.5"


def test_it_is_invoiced_approved_and_paid(api, acme):
    keep_drafts()
    api.pending(acme, flat_line("100"), flat_line("20", name="Support", invoiceAt="2026-08-01T00:00:00Z"))
    (draft,) = api.invoice_now(acme)
    assert (draft["status"], draft["statusDetails"]["extendedStatus"]) == ("draft", "draft.manual_approval_needed")
    assert {"approve", "delete"} <= draft["statusDetails"]["availableActions"].keys()
    assert draft["totals"]["total"] == "100.00"
    assert code(api.invoice_now(acme, status=400)) == "invoice_create_no_lines"
    assert code(api.act(draft["id"], "retry", status=400)) == "invoice_action_not_available"
    assert code(api.act(draft["id"], "advance", status=400)) == "invoice_cannot_advance"
    paid = api.act(draft["id"], "approve")
    assert (paid["status"], paid["number"], paid["dueAt"]) == ("paid", "INV-000001", "2026-08-01T00:00:00Z")
    assert (paid["settled"], paid["due"], "due" in draft) == ("100.00", "0.00", False)
    assert paid["payment"]["terms"]["dueAt"] == [{"dueAt": paid["dueAt"], "amount": "100.00", "currency": "USD"}]
    assert paid["statusDetails"] == {
        "immutable": True,
        "failed": False,
        "extendedStatus": "paid",
        "availableActions": {},
    }
    # What is not due stays where it was.
    (gathering,) = api("get", INVOICES, statuses="gathering", expand="lines")["items"]
    assert [line["name"] for line in gathering["lines"]] == ["Support"]
    assert code(api("delete", f"{INVOICES}/{gathering['id']}", status=400)) == "invoice_cannot_delete_gathering"
    assert code(api("delete", f"{INVOICES}/{paid['id']}", status=400)) == "invoice_action_not_available"


def test_a_draft_is_deleted_and_listed_where_it_is_asked_for(api, acme):
    keep_drafts()
    api.pending(acme, flat_line("100"))
    (draft,) = api.invoice_now(acme)
    api("delete", f"{INVOICES}/{draft['id']}", status=204)
    assert api("get", INVOICES)["totalCount"] == 0
    (deleted,) = api("get", INVOICES, includeDeleted="true")["items"]
    assert (deleted["status"], deleted["totals"]["total"]) == ("deleted", "0.00")
    assert not InvoiceLine.objects.filter(amount__gt=0).exists()


def test_lists_are_filtered_ordered_and_paged(api, acme):
    keep_drafts()
    other = customer_at(day(8, 2), name="Beta")
    for customer, amount in ((acme, "10"), (other, "20")):
        api.pending(customer, flat_line(amount))
    (draft,), (second,) = api.invoice_now(acme), api.invoice_now(other)
    api.act(second["id"], "approve")

    def found(**query):
        return [invoice["id"] for invoice in api("get", INVOICES, **query)["items"]]

    assert found(statuses="draft") == found(customers=acme.ulid) == [draft["id"]]
    assert found(extendedStatuses="draft.manual_approval_needed,paid", orderBy="customer.name", order="DESC") == [
        second["id"],
        draft["id"],
    ]
    assert found(issuedAfter="2026-08-02T00:00:00Z", issuedBefore="2026-08-03T00:00:00Z") == [second["id"]]
    assert found(createdBefore="2026-07-02T00:00:01Z", periodStartAfter="2026-06-01T00:00:00Z") == [draft["id"]]
    assert found(pageSize=1, page=2) == [second["id"]]
    assert "lines" not in api("get", INVOICES)["items"][0]
    assert len(api("get", INVOICES, expand="lines,workflow.apps")["items"][0]["workflow"]["apps"]["tax"]) > 1
    api("get", f"{INVOICES}/{'0' * 26}", status=404)


def test_void_gives_all_back_by_a_note_that_names_the_invoice(api, acme):
    acme.metadata = {"openmeter.io/sandbox/target-payment-status": "failed"}
    acme.save()
    api.pending(acme, flat_line("100"))
    (invoice,) = api.invoice_now(acme)
    assert invoice["statusDetails"]["extendedStatus"] == "payment_processing.failed"
    pending = {"percentage": 100, "action": {"type": "discard"}}
    voided = api.act(invoice["id"], "void", {"reason": "Wrong customer", "action": pending})
    assert voided["status"] == "voided"
    note = Invoice.objects.get(type="credit_note")
    shown = api.invoice(note.ulid)
    assert (shown["type"], shown["totals"]["total"]) == ("credit_note", "-100.00")
    (reference,) = shown["preceding"]
    assert (reference["number"], reference["reason"]) == (invoice["number"], "Wrong customer")
    assert reference["url"].endswith(f"{INVOICES}/{invoice['id']}")
    assert sum(one.total for one in Invoice.objects.issued()) == Decimal(0)


def test_a_customer_who_cannot_be_billed_does_not_hide_the_others(api, acme):
    api.pending(acme, flat_line("1"))
    broken = subscribe(customer=customer_at(day(2, 1), sends=False))
    broken.items.filter(type="usage_based").update(price={"type": "unit"})
    shown = {one["customer"]["id"]: one for one in api("get", INVOICES, statuses="gathering")["items"]}
    assert shown[acme.ulid]["totals"]["total"] == "1.00"
    (issue,) = shown[broken.customer.ulid]["validationIssues"]
    assert (issue["severity"], issue["code"]) == ("critical", "subscription_item_cannot_be_priced")
