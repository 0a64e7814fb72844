"""What the tests of the catalogue over the API send: rate cards, phases, plans and add-ons, each with changes."""

PLANS, ADDONS, FEATURES = "/api/v1/plans", "/api/v1/addons", "/api/v1/features"


def fee(**changes):
    price = {"type": "flat", "amount": "20.00", "paymentTerm": "in_advance"}
    card = {"type": "flat_fee", "key": "fee", "name": "Base fee", "billingCadence": "P1M", "price": price}
    return card | changes


def usage(**changes):
    price = {"type": "unit", "amount": "0.01"}
    card = {"type": "usage_based", "key": "tokens", "name": "Tokens", "billingCadence": "P1M", "price": price}
    return card | {"featureKey": "tokens"} | changes


def phase(*cards, **changes):
    return {"key": "default", "name": "Default", "duration": None, "rateCards": list(cards)} | changes


def plan(*phases, **changes):
    sent = {"key": "pro", "name": "Pro", "currency": "USD", "billingCadence": "P1M"}
    return sent | {"phases": list(phases) or [phase(fee())]} | changes


def addon(*cards, **changes):
    sent = {"key": "seats", "name": "Seats", "currency": "USD", "instanceType": "single"}
    return sent | {"rateCards": list(cards) or [fee(key="seat", name="Seat")]} | changes


def made(api, url, sent):
    """Create something, and return what the API shows of it."""
    response = api.post(url, sent, format="json")
    assert response.status_code == 201, response.content
    return response.json()


def published(api, url, sent):
    """Create and publish something, and return what the API shows of it."""
    response = api.post(f"{url}/{made(api, url, sent)['id']}/publish")
    assert response.status_code == 200, response.content
    return response.json()


def errors_of(response):
    """Return the codes and fields of a refusal with 400."""
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json"), response.content
    return [(error["code"], error["field"]) for error in response.json()["extensions"]["validationErrors"]]
