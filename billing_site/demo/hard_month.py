"""A month in which not everything goes by the book: each case has a customer of its own, all on one test clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from billing_site.demo.client import ApiClient
from invoicing.models import BillingProfile, CollectionMethod
from invoicing.queries.profiles import default_profile
from invoicing.services.billing_run import run_billing
from invoicing.services.customer_billing import pin_customer
from invoicing.services.invoices import void_invoice
from invoicing.services.profiles import create_profile
from invoicing.workflow import Workflow
from metering.models import Customer, Meter, TestClock
from metering.periods import add_months
from metering.services.clocks import create_test_clock, move_test_clock
from metering.services.customers import create_customer
from pricing.models import Plan
from pricing.services.features import create_feature
from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan
from pricing.services.subscriptions.change import change_subscription
from pricing.services.subscriptions.start import start_subscription

SANDBOX_OUTCOME = "openmeter.io/sandbox/target-payment-status"
EVENT_TYPE = "analysis"
_COLLECTED = timedelta(hours=2)


@dataclass(frozen=True)
class _Month:
    """The clock that all of them are on, and the month that closes: from `start` to `end`."""

    clock: TestClock
    start: datetime
    end: datetime
    at: datetime

    def day(self, number: int) -> datetime:
        return self.start + timedelta(days=number - 1, hours=9)


def build_hard_month(*, client: ApiClient, start: datetime, at: datetime) -> None:
    """
    Bill a month from `start` (midnight UTC) on, with all that goes wrong in real ones; `at` is the real time.

    Late usage: 95 analyses are billed as 95.00, then 25 more arrive; 100 at 1.00 and 20 at 0.50 are 110.00, so the
    next invoice has 15.00 more. A voided invoice with its credit note, billed anew. An upgrade on the 16th. A payment
    that fails. A bill beyond what its seller lets out, whose customer is parked.
    """
    clock = create_test_clock(name="The hard month", now_at=start, at=at)
    month = _Month(clock, start, _month_later(start), at)
    per_analysis = _pay_per_use(client, month)
    light, full = _flat("light", "Light", "30.00", month), _flat("full", "Full", "90.00", month)
    late = _customer("late", "Hard month: late usage", per_analysis, month)
    void = _customer("void", "Hard month: voided invoice", per_analysis, month)
    upgrade = _customer("upgrade", "Hard month: upgrade", light, month)
    _customer("unpaid", "Hard month: failed payment", full, month, {SANDBOX_OUTCOME: "failed"})
    parked = _customer("parked", "Hard month: parked", per_analysis, month)
    careful = _careful_seller(month)
    for customer in (void, parked):
        pin_customer(customer_id=customer.pk, profile_id=careful.pk, at=month.at)
    for customer, units, day in ((late, 95, 10), (void, 40, 12), (parked, 2_000, 14)):
        _use(client, customer, units, month.day(day), "in time")
    _bill(month, month.start)
    _bill(month, month.day(16).replace(hour=0))
    change_subscription(
        subscription_id=upgrade.subscriptions.get().pk, plan_id=full.pk, at=month.day(16).replace(hour=0)
    )
    _bill(month, month.end + _COLLECTED)
    _use(client, late, 25, month.day(20), "late")
    _void(void, month.end + _COLLECTED)
    _bill(month, month.end + timedelta(days=1))
    _bill(month, _month_later(month.end) + _COLLECTED)


def _month_later(start: datetime) -> datetime:
    return add_months(start, 1)


def _pay_per_use(client: ApiClient, month: _Month) -> Plan:
    body = {"slug": "analyses", "name": "Analyses", "eventType": EVENT_TYPE}
    client.post("/api/v1/meters", body | {"aggregation": "SUM", "valueProperty": "$.units"})
    meter = Meter.objects.get(slug="analyses")
    feature = create_feature(key="analyses", name="Analyses", meter=meter, at=month.start)
    tiers = [
        {"upToAmount": "100", "unitPrice": {"type": "unit", "amount": "1.00"}},
        {"unitPrice": {"type": "unit", "amount": "0.50"}},
    ]
    price = {"type": "tiered", "mode": "graduated", "tiers": tiers}
    card = RateCardInput(type="usage_based", key="analyses", name="Analyses", feature=feature, price=price)
    return _publish("analyses", "Analyses", card, month)


def _flat(key: str, name: str, amount: str, month: _Month) -> Plan:
    price = {"type": "flat", "amount": amount, "paymentTerm": "in_advance"}
    return _publish(key, name, RateCardInput(type="flat_fee", key="base", name=f"{name} base fee", price=price), month)


def _publish(key: str, name: str, card: RateCardInput, month: _Month) -> Plan:
    draft = create_plan(key=key, name=name, currency="USD", at=month.start, phases=[PhaseInput([card])])
    return publish_plan(plan_id=draft.pk, at=month.start)


def _customer(key: str, name: str, plan: Plan, month: _Month, metadata: dict[str, str] | None = None) -> Customer:
    customer = create_customer(
        name=name, key=f"hard-{key}", at=month.at, test_clock=month.clock, metadata=metadata or {}
    )
    start_subscription(customer_id=customer.pk, plan_id=plan.pk, at=month.start, active_from=month.start)
    return customer


def _careful_seller(month: _Month) -> BillingProfile:
    default = default_profile()
    return create_profile(
        app_id=default.app_id,
        is_default=False,
        workflow=Workflow(collection_method=CollectionMethod.SEND_INVOICE),
        at=month.at,
        name="Careful",
        supplier_name=default.supplier_name,
        number_prefix="CAREFUL-",
        largest_total=Decimal(500),
    )


def _use(client: ApiClient, customer: Customer, units: int, at: datetime, when: str) -> None:
    event = {"specversion": "1.0", "id": f"{customer.key} {when}", "source": "hard-month", "type": EVENT_TYPE}
    body = event | {"subject": customer.key, "time": at.isoformat(), "data": {"units": units}}
    client.post("/api/v1/events", body, content_type="application/cloudevents+json")


def _bill(month: _Month, to: datetime) -> None:
    if to > month.clock.now_at:
        move_test_clock(clock_id=month.clock.pk, to=to, at=month.at)
    month.clock.refresh_from_db()
    run_billing(now=month.at, customer_ids=list(month.clock.customers.values_list("pk", flat=True)))


def _void(customer: Customer, at: datetime) -> None:
    invoice = customer.invoices.issued().latest("pk")
    void_invoice(invoice_id=invoice.pk, reason="Sent to the wrong address", rebill=True, at=at)
