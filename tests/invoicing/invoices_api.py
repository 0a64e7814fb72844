"""Invoices over the API, as short as a test can ask for them."""

from rest_framework.test import APIClient

from invoicing.models import BillingProfile
from metering.authentication import forget_api_keys
from metering.models import TestClock
from tests.factories import ApiKeyFactory, CustomerFactory, SubjectFactory, SubjectLinkFactory, TestClockFactory
from tests.invoicing.contracts import day

INVOICES = "/api/v1/billing/invoices"
JUNE = {"from": "2026-06-01T00:00:00Z", "to": "2026-07-01T00:00:00Z"}


class Api:
    """An API client that asserts the status and returns the body."""

    def __init__(self):
        forget_api_keys()
        ApiKeyFactory(secret="bil_secret_of_the_tests")
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION="Bearer bil_secret_of_the_tests")

    def __call__(self, method, path, body=None, status=200, **query):
        response = self.client.generic(
            method.upper(),
            path,
            self.client._encode_data(body, "json")[0] if body is not None else b"",
            content_type="application/json",
            query_params=query,
        )
        assert response.status_code == status, response.content
        return response.json() if response.content else None

    def invoice(self, id, **query):
        return self("get", f"{INVOICES}/{id}", **query)

    def act(self, id, action, body=None, status=200):
        return self("post", f"{INVOICES}/{id}/{action}", body, status)

    def pending(self, customer, *lines, currency="USD", status=201):
        path = f"/api/v1/billing/customers/{customer.ulid}/invoices/pending-lines"
        return self("post", path, {"currency": currency, "lines": list(lines)}, status)

    def invoice_now(self, customer, status=201, **body):
        return self("post", f"{INVOICES}/invoice", {"customerId": customer.ulid, **body}, status)


def customer_at(at, *, sends=True, **kwargs):
    """A customer on a test clock, who sends events under their key where no contract says so."""
    customer = CustomerFactory(currency="USD", test_clock=TestClockFactory(now_at=at), **kwargs)
    if sends:
        SubjectLinkFactory(subject=SubjectFactory(key=customer.key), customer=customer)
    return customer


def move_to(customer, at):
    TestClock.objects.filter(pk=customer.test_clock_id).update(now_at=at)


def flat_line(amount, name="Setup", **changes):
    price = {"type": "flat", "amount": amount}
    return {"name": name, "period": JUNE, "invoiceAt": JUNE["to"], "rateCard": {"price": price}} | changes


def keep_drafts():
    """Have drafts wait for approval."""
    BillingProfile.objects.update(is_auto_advancing=False)


def code(problem):
    return problem["extensions"]["code"]


def after_june():
    return day(7, 2)
