"""Whole customer lives over real HTTP: each has a shop, a test clock and names of its own on one shared server."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

_NUMBERS = count(1)


def flat(amount: str, term: str = "in_advance") -> dict[str, Any]:
    return {"type": "flat", "amount": amount, "paymentTerm": term}


def unit(amount: str) -> dict[str, Any]:
    return {"type": "unit", "amount": amount}


def graduated(*tiers: tuple[str | None, str]) -> dict[str, Any]:
    """Tiers by their upper bound, None for the last, and the price of a unit."""
    rows = [({"upToAmount": bound} if bound else {}) | {"unitPrice": unit(amount)} for bound, amount in tiers]
    return {"type": "tiered", "mode": "graduated", "tiers": rows}


@dataclass
class Life:
    """One customer's shop and time; every name in it begins with `name`."""

    server: Any
    name: str
    start: str = "2027-01-01T00:00:00Z"
    clock: str = field(init=False)
    cards: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = self.post("/test-clocks", {"name": self.name, "now": self.start})["id"]

    def call(self, method: str, path: str, body: object = None, kind: str = "application/json") -> Any:
        """Send a request; return the answer's JSON, or fail with what it said."""
        request = urllib.request.Request(
            f"{self.server.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.server.api_key}", "Content-Type": kind},
        )
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{method} {path}: {refusal.code} {refusal.read().decode()}") from None
        return json.loads(text, parse_float=Decimal) if text else None

    def post(self, path: str, body: object = None) -> Any:
        return self.call("POST", path, {} if body is None else body)

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def meter(self, key: str, aggregation: str = "SUM", **fields: Any) -> str:
        """Make a meter over the life's own events with a feature; return the feature's key."""
        slug = f"{self.name}_{key}"
        value = {} if aggregation == "COUNT" else {"valueProperty": f"$.{key}"}
        body = {"slug": slug, "eventType": slug, "aggregation": aggregation}
        self.post("/meters", body | value | fields)
        self.post("/features", {"key": slug, "name": key.replace("_", " ").title(), "meterSlug": slug})
        return slug

    def usage(self, key: str, price: dict[str, Any], cadence: str = "P1M", **fields: Any) -> dict[str, Any]:
        card = {"type": "usage_based", "key": f"{self.name}_{key}", "featureKey": f"{self.name}_{key}", "price": price}
        return card | {"name": key.replace("_", " ").title(), "billingCadence": cadence} | fields

    def fee(self, amount: str, cadence: str = "P1M", **fields: Any) -> dict[str, Any]:
        card = {"type": "flat_fee", "key": "fee", "name": "Base fee", "price": flat(amount), "billingCadence": cadence}
        return card | fields

    def plan(self, key: str, *cards: dict[str, Any], cadence: str = "P1M", **fields: Any) -> dict[str, Any]:
        """Make and publish a plan of one phase."""
        phase = {"key": "default", "name": "Default", "duration": None, "rateCards": list(cards)}
        body = {"key": f"{self.name}_{key}", "name": key.title(), "currency": "USD", "billingCadence": cadence}
        draft = self.post("/plans", body | {"phases": [phase]} | fields)
        return self.post(f"/plans/{draft['id']}/publish")

    def customer(self, key: str = "main", **fields: Any) -> str:
        """Make a customer on the life's clock; return their key, which is their subject too."""
        body = {"key": f"{self.name}-{key}", "name": f"{self.name} {key}", "testClockId": self.clock}
        return self.post("/customers", body | fields)["key"]

    def subscribe(self, plan: str, customer: str = "main") -> str:
        body = {"plan": {"key": f"{self.name}_{plan}"}, "customerKey": f"{self.name}-{customer}", "timing": "immediate"}
        return self.post("/subscriptions", body)["id"]

    def use(self, key: str, at: str, customer: str = "main", subject: str | None = None, **data: Any) -> str:
        """Post an event of 2027 such as `01-05T10:00`; return its id."""
        event_id = f"{self.name}-{next(_NUMBERS)}"
        body = {"specversion": "1.0", "id": event_id, "source": self.name, "type": f"{self.name}_{key}", "data": data}
        named = {"subject": subject or f"{self.name}-{customer}", "time": f"2027-{at}:00Z"}
        self.call("POST", "/events", body | named, "application/cloudevents+json")
        return event_id

    def to(self, at: str) -> None:
        """Move the clock, and bill; everybody has to be billed."""
        moved = self.post(f"/test-clocks/{self.clock}/advance", {"to": f"2027-{at}:00Z"})
        assert moved["parked"] == []

    def invoices(self, customer: str = "main") -> list[dict[str, Any]]:
        """Return the customer's invoices and credit notes, the oldest first, gathering ones left out."""
        one = self.get(f"/customers/{self.name}-{customer}")["id"]
        page = self.get(f"/billing/invoices?customers={one}&expand=lines&pageSize=100&order=ASC&orderBy=createdAt")
        return [invoice for invoice in page["items"] if invoice["status"] != "gathering"]

    def totals(self, customer: str = "main") -> list[str]:
        return [str(invoice["totals"]["total"]) for invoice in self.invoices(customer)]

    def lines(self, number: int, customer: str = "main") -> dict[str, str]:
        """Return what each line of the customer's invoice comes to; lines of one name are listed with a sign."""
        lines = self.invoices(customer)[number]["lines"]
        return {line["name"]: str(line["totals"]["total"]) for line in lines}

    def recomputes(self, customer: str = "main") -> bool:
        """Whether each line comes to the same digits from raw events."""
        pairs = [(invoice["id"], line["id"]) for invoice in self.invoices(customer) for line in invoice["lines"]]
        answers = [self.get(f"/billing/invoices/{invoice}/lines/{line}/recompute") for invoice, line in pairs]
        return all(answer["matches"] for answer in answers)
