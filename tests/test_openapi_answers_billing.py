"""What the API answers about profiles and stored invoices is what the document says, member by member."""

from decimal import Decimal

from invoicing.models import Invoice
from invoicing.services.draft_edits import add_discount
from invoicing.services.profiles import ensure_default_profile
from tests.factories import START, TaxRateFactory
from tests.invoicing.contracts import day, subscribe, use
from tests.invoicing.invoices_api import code, customer_at, flat_line
from tests.test_openapi_answers import call, document  # noqa: F401 (fixtures)

ONE = "/api/v1/billing/invoices/{invoiceId}"


def _profile(default, **changes):
    app = dict.fromkeys(("tax", "invoicing", "payment"), default.app.ulid)
    period = {"anchor": "2026-01-01T00:00:00Z", "interval": "P1M"}
    workflow = {
        "collection": {"alignment": {"type": "anchored", "recurringPeriod": period}, "interval": "PT2H"},
        "invoicing": {"autoAdvance": False, "defaultTaxConfig": {"behavior": "exclusive"}},
        "tax": {"enabled": True},
    }
    body = {"name": "Berlin", "supplier": {"name": "Anvils", "addresses": [{"country": "DE"}]}, "default": False}
    own = {"spendThresholds": {"USD": {"amounts": ["5"], "recurring": "10"}}, "largestTotal": "99"}
    return body | own | {"workflow": workflow, "apps": app, "description": "Two", "metadata": {"a": "b"}} | changes


def test_profiles_and_pins(call):  # noqa: F811
    default = ensure_default_profile(at=START)
    made = call("POST /api/v1/billing/profiles", _profile(default), status=201)["id"]
    call("POST /api/v1/billing/profiles", _profile(default, numberPrefix="INV-"), status=409)
    call("GET /api/v1/billing/profiles", query={"expand": "apps"})
    call("GET /api/v1/billing/profiles/{id}", id=made)
    call("PUT /api/v1/billing/profiles/{id}", _profile(default, name="Bonn"), id=made)
    acme = customer_at(START, key="acme")
    pin = {"billingProfileId": made, "spendThresholds": {"USD": {"recurring": "5"}}}
    call("PUT /api/v1/billing/customers/{customerId}", pin, customerId=acme.ulid)
    call("GET /api/v1/billing/customers", query={"expand": ["apps", "customer"]})
    call("GET /api/v1/billing/customers/{customerId}", customerId="acme")
    call("DELETE /api/v1/billing/profiles/{id}", status=400, id=made)
    call("DELETE /api/v1/billing/customers/{customerId}", status=204, customerId="acme")
    call("DELETE /api/v1/billing/profiles/{id}", status=204, id=made)


def test_invoices(call):  # noqa: F811
    profile = ensure_default_profile(at=START)
    profile.is_auto_advancing = False
    profile.save()
    TaxRateFactory(country="DE", percentage=Decimal(19))
    acme = customer_at(day(2, 1), sends=False, key="acme", billing_address={"country": "DE", "city": "Berlin"})
    subscribe(customer=acme)
    use(acme, 150, day(1, 10))
    lines = [flat_line("5", taxConfig={"behavior": "inclusive"}, metadata={"a": "b"}, description="By hand")]
    pending = "POST /api/v1/billing/customers/{customerId}/invoices/pending-lines"
    call(pending, {"currency": "USD", "lines": lines}, status=201, customerId="acme")
    call(pending, {"currency": "usd", "lines": lines}, status=400, customerId="acme")
    call("GET /api/v1/billing/invoices", query={"expand": ["lines", "workflow.apps"]})
    now = {"customerId": acme.ulid, "progressiveBillingOverride": False}
    (draft,) = call("POST /api/v1/billing/invoices/invoice", now, status=201)
    assert code(call("POST /api/v1/billing/invoices/invoice", now, status=400)) == "invoice_create_no_lines"
    one = {"invoiceId": draft["id"]}
    half = {
        **draft["lines"][2]["rateCard"],
        "discounts": {"percentage": {"percentage": 50}, "usage": {"quantity": "1"}},
    }
    lines = [draft["lines"][0], draft["lines"][2] | {"rateCard": half}]
    sent = {name: draft[name] for name in ("supplier", "customer", "workflow")} | {"description": "Two"}
    call(f"PUT {ONE}", sent | {"lines": lines, "metadata": {"a": "b"}}, **one)
    add_discount(
        invoice_id=Invoice.objects.get(ulid=draft["id"]).pk, name="Sorry", percentage=Decimal(10), at=day(2, 1)
    )
    call(f"GET {ONE}", query={"includeDeletedLines": "true"}, **one)
    call(f"POST {ONE}/advance", status=400, **one)
    call(f"POST {ONE}/snapshot-quantities", **one)
    call(f"POST {ONE}/taxes/recalculate", **one)
    acme.metadata = {"openmeter.io/sandbox/target-payment-status": "failed"}
    acme.save()
    call(f"POST {ONE}/approve", **one)
    call(f"POST {ONE}/retry", **one)
    call(f"DELETE {ONE}", status=400, **one)
    call(f"POST {ONE}/void", {}, **one)
    page = call("GET /api/v1/billing/invoices", query={"expand": "lines", "statuses": ["voided", "paid"]})
    assert [one["type"] for one in page["items"]] == ["standard", "credit_note"]
