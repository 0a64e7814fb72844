"""`PUT` of an invoice: what was read can be sent back, changed lines are by hand, missing ones go, new ones come."""

import pytest

from invoicing.models import InvoiceLine
from tests.invoicing.contracts import day, subscribe, use
from tests.invoicing.invoices_api import INVOICES, Api, code, customer_at, flat_line, keep_drafts

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db):
    return Api()


@pytest.fixture
def acme(db):
    """20.00 a month in advance and tokens by tiers; 150 were used in January."""
    acme = customer_at(day(2, 1), sends=False, key="acme", name="Acme Ltd")
    subscribe(customer=acme)
    use(acme, 150, day(1, 10))
    keep_drafts()
    return acme


@pytest.fixture
def draft(api, acme):
    """Of 1 February: 20.00 twice, and 12.50 for the tokens."""
    (invoice,) = api.invoice_now(acme)
    return invoice


def body(invoice, lines=None, **changes):
    members = {name: invoice[name] for name in ("supplier", "customer", "workflow")}
    return members | {"lines": invoice["lines"] if lines is None else lines} | changes


def put(api, invoice, sent, status=200):
    return api("put", f"{INVOICES}/{invoice['id']}", sent, status)


def line(invoice, name):
    return next(line for line in invoice["lines"] if line["name"] == name)


def test_what_was_read_changes_nothing_when_it_is_sent_back(api, draft):
    assert draft["totals"]["total"] == "52.50"
    again = put(api, draft, body(draft))
    assert [line["managedBy"] for line in again["lines"]] == ["subscription"] * 3
    volatile = {"updatedAt": None, "lines": None}
    assert again | volatile == draft | volatile
    usage = line(again, "Tokens")
    assert usage["subscription"]["billingPeriod"] == {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    assert (usage["quantity"], usage["meteredQuantity"], usage["preLinePeriodQuantity"]) == ("150", "150", "0")
    assert [child["totals"]["total"] for child in usage["children"]] == ["10.00", "2.50"]


def test_lines_are_changed_removed_and_added(api, draft):
    fee, usage = draft["lines"][0], line(draft, "Tokens")
    cheaper = usage | {"rateCard": {**usage["rateCard"], "price": {"type": "unit", "amount": "0.01"}}}
    sent = body(draft, [fee, cheaper, flat_line("7.5")], description="By phone", metadata={"ticket": "17"})
    changed = put(api, draft, sent)
    # 20.00 + 150 x 0.01 + 7.50; the other fee was left out.
    assert changed["totals"]["total"] == "29.00"
    assert [one["managedBy"] for one in changed["lines"]] == ["subscription", "manual", "manual"]
    assert (changed["description"], changed["metadata"]) == ("By phone", {"ticket": "17"})
    with_removed = api.invoice(draft["id"], includeDeletedLines="true")
    assert [("deletedAt" in one, one["totals"]["total"]) for one in with_removed["lines"]].count((True, "0.00")) == 1
    # What was removed stays removed when the rest is sent again.
    assert put(api, draft, body(changed))["totals"]["total"] == "29.00"


def test_parties_and_terms_are_replaced(api, draft):
    buyer = {"name": "Acme Holding", "addresses": [{"country": "FR", "city": "Paris"}], "taxId": {"code": "FR1"}}
    workflow = {"workflow": {"invoicing": {"autoAdvance": False, "dueAfter": "P7D"}, "payment": {}}}
    put(api, draft, body(draft, customer=buyer, workflow=workflow))
    assert api.act(draft["id"], "snapshot-quantities")["statusDetails"]["extendedStatus"].endswith("approval_needed")
    issued = api.act(draft["id"], "approve")
    assert (issued["customer"]["name"], issued["customer"]["taxId"]) == ("Acme Holding", {"code": "FR1"})
    assert (issued["customer"]["key"], issued["dueAt"]) == ("acme", "2026-02-08T00:00:00Z")
    assert code(put(api, draft, body(draft), 400)) == "invoice_cannot_be_edited"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"period": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-15T00:00:00Z"}}, "period_edit_not_supported"),
        ({"rateCard": {"price": {"type": "unit", "amount": "1"}}}, "feature_key_edit_not_supported"),
        ({"id": "0" * 26}, "not_found"),
    ],
)
def test_it_refuses_what_a_subscription_says(api, draft, changes, expected):
    usage = line(draft, "Tokens")
    bare = {name: usage[name] for name in ("id", "name", "period", "invoiceAt", "rateCard")}
    problem = put(api, draft, body(draft, [bare | changes]), 400)
    assert code(problem) == f"invoice_line_{expected}"
    assert InvoiceLine.objects.count() == 3


def test_lines_by_hand_on_a_gathering_invoice_are_replaced_and_computed_ones_stay(api, acme):
    api.pending(acme, flat_line("5"))
    (gathering,) = api("get", INVOICES, statuses="gathering", expand="lines")["items"]
    # Two fees and the tokens of January, what February will be billed, and the line by hand.
    by_hand = line(gathering, "Setup")
    dearer = by_hand | {"rateCard": {"price": {"type": "flat", "amount": "6"}}}
    others = [one for one in gathering["lines"] if one["id"] != by_hand["id"]]
    changed = put(api, gathering, body(gathering, [*others, dearer, flat_line("1", name="More")]))
    assert {one["name"]: one["totals"]["total"] for one in changed["lines"]}.items() >= {
        "Setup": "6.00",
        "More": "1.00",
    }.items()
    assert code(put(api, gathering, body(gathering, [dearer]), 400)) == "invoice_cannot_be_edited"
    assert put(api, gathering, body(gathering, others))["lines"] != []
    assert InvoiceLine.objects.count() == 0
