"""Invoices to simulate over the API, as short as a test can write them."""

from rest_framework.test import APIClient

from metering.authentication import forget_api_keys
from tests.factories import ApiKeyFactory

JUNE = {"from": "2026-06-01T00:00:00Z", "to": "2026-07-01T00:00:00Z"}


def api_client(**key):
    forget_api_keys()
    ApiKeyFactory(secret="bil_secret_of_the_tests", **key)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer bil_secret_of_the_tests")
    return client


def asked(price, quantity, before=None, **more):
    """One line; `discounts` and `unitConfig` are those of its rate card."""
    card = {name: more.pop(name) for name in ("discounts", "unitConfig", "featureKey") if name in more}
    line = {"name": "Tokens", "period": JUNE, "invoiceAt": JUNE["to"], "quantity": str(quantity), **more}
    pre = {} if before is None else {"preLinePeriodQuantity": str(before)}
    return {**line, **pre, "rateCard": {"price": price, **card}}


def simulate(client, *lines, customer="acme", currency="USD", status=200, **body):
    path = f"/api/v1/billing/customers/{customer}/invoices/simulate"
    response = client.post(path, {"currency": currency, "lines": list(lines), **body}, format="json")
    assert response.status_code == status, response.content
    return response.json()
