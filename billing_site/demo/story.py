"""How the demo comes to be: catalogue, customers, usage over the real endpoint, subscriptions, closed invoices."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from django.utils.text import slugify

from billing_site.demo import company
from billing_site.demo.catalogue import Catalogue, make_catalogue
from billing_site.demo.client import ApiClient
from billing_site.demo.hard_month import build_hard_month
from billing_site.demo.progress import Progress
from billing_site.demo.traffic import Caller, callers, traffic
from invoicing.models import Invoice
from invoicing.services.billing_run import run_billing
from metering.models import Batch, Customer, User
from metering.periods import add_months
from metering.services.clocks import create_test_clock
from metering.services.customers import create_customer
from metering.services.rollups import advance_rollups
from pricing.models import Plan, SubscriptionItem
from pricing.queries import service_periods
from pricing.services.subscriptions.addons import add_addon
from pricing.services.subscriptions.start import start_subscription

SANDBOX_OUTCOME = "openmeter.io/sandbox/target-payment-status"
_MEAN_REQUESTS_AN_HOUR = 1.2
# Of every five customers three start with the company on the calendar month; the others join later, on their own day.
_LATE_JOINERS = (3, 4)
# One in so many of those who may takes support, when they have used the product for a while.
_EVERY = 3
_SUPPORT_AFTER = timedelta(days=17)


@dataclass(frozen=True)
class Story:
    """What was built, for the summary and the trickle of live events."""

    callers: list[Caller]
    events: int
    featured: Customer
    test_clock_customer: Customer


@dataclass(frozen=True)
class Setting:
    """What the demo is built from."""

    customers: int
    days: int
    seed: int
    at: datetime

    @property
    def start(self) -> datetime:
        """Midnight (UTC) of the first day of usage."""
        return datetime.combine(self.at.date() - timedelta(days=self.days), time(), tzinfo=self.at.tzinfo)


def build(*, setting: Setting, client: ApiClient, progress: Progress) -> Story:
    """Build the whole demo on an empty installation; every event goes through the HTTP endpoint."""
    progress.step("Defining meters, features and plans")
    catalogue = make_catalogue(client, setting.start)
    progress.step(f"Signing up {setting.customers} customers")
    who = _customers(client, setting)
    progress.step("Starting subscriptions")
    tester = _subscribe(who, catalogue, setting)
    progress.step(f"Posting {setting.days} days of usage")
    events = _post_usage(client, who, setting, progress)
    progress.step("Rolling usage up into buckets")
    _roll_up(progress)
    progress.step("Billing the closed periods")
    _bill(setting, progress)
    progress.step("Living through a hard month")
    build_hard_month(client=client, start=_hard_month_start(setting.at), at=setting.at)
    largest = max((c for c in who if _is_on_calendar(c, setting)), key=lambda caller: caller.weight)
    featured = Customer.objects.get(key=largest.subject)
    return Story(callers=who, events=events, featured=featured, test_clock_customer=tester)


def create_operator(*, at: datetime) -> User:
    """Make the person who may open the console; signs in by e-mailed code."""
    return User.objects.create_superuser(company.OPERATOR_EMAIL, name="Operator")


def _customers(client: ApiClient, setting: Setting) -> list[Caller]:
    random = Random(setting.seed)
    names = company.CUSTOMERS[: setting.customers]
    starts = []
    for n, name in enumerate(names):
        slug = slugify(name)
        body: dict[str, object] = {
            "key": slug,
            "name": name,
            "primaryEmail": f"billing@{slug}.example",
            "timeZone": company.ZONES[n % len(company.ZONES)],
            "usageAttribution": {"subjectKeys": [f"{slug}-prod", f"{slug}-staging"]},
        }
        if n == 7:
            body["metadata"] = {SANDBOX_OUTCOME: "failed"}
        client.post("/api/v1/customers", body)
        starts.append(_joined_at(n, setting, random))
    subjects = [slugify(name) for name in names]
    return callers(
        subjects=subjects, zones=company.ZONES, starts=starts, mean=_MEAN_REQUESTS_AN_HOUR, seed=setting.seed
    )


def _joined_at(n: int, setting: Setting, random: Random) -> datetime:
    """Return when customer number n signed up: with the company, or at a midnight of theirs in the first half."""
    if n % 5 not in _LATE_JOINERS:
        return setting.start
    day = setting.start.date() + timedelta(days=random.randrange(5, max(6, setting.days // 2)))
    zone = ZoneInfo(company.ZONES[n % len(company.ZONES)])
    return datetime.combine(day, time(), tzinfo=zone).astimezone(setting.start.tzinfo)


def _subscribe(who: list[Caller], catalogue: Catalogue, setting: Setting) -> Customer:
    by_size = sorted(who, key=lambda caller: caller.weight)
    for rank, caller in enumerate(by_size):
        plan = _plan_for(rank / len(by_size), caller, catalogue, setting)
        start = caller.starts_at
        subscription = start_subscription(
            customer_id=Customer.objects.get(key=caller.subject).pk,
            plan_id=plan.pk,
            at=start,
            active_from=start,
            billing_anchor=_month_start(start, caller.zone) if _is_on_calendar(caller, setting) else None,
        )
        if plan.key in company.SUPPORTED_PLANS and rank % _EVERY == 0:
            later = min(start + _SUPPORT_AFTER, setting.at)
            add_addon(subscription_id=subscription.pk, addon_id=catalogue.support.pk, quantity=1, at=later)
    return _test_clock_customer(catalogue.growth, setting)


def _plan_for(share: float, caller: Caller, catalogue: Catalogue, setting: Setting) -> Plan:
    """Choose by how much the others use more; who joined late tries the plan with a trial, unless they are small."""
    if share >= 0.4 and not _is_on_calendar(caller, setting):
        return catalogue.team
    return catalogue.starter if share < 0.5 else catalogue.growth if share < 0.9 else catalogue.scale


def _is_on_calendar(caller: Caller, setting: Setting) -> bool:
    return caller.starts_at == setting.start


def _month_start(at: datetime, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    return datetime(local.year, local.month, 1, tzinfo=zone)


def _test_clock_customer(plan: Plan, setting: Setting) -> Customer:
    month_start = _month_start(setting.at, ZoneInfo("UTC"))
    clock = create_test_clock(name="Try out billing", now_at=month_start, at=setting.at)
    customer = create_customer(
        name="Testbed (test clock)",
        key="testbed",
        at=setting.at,
        test_clock=clock,
        primary_email="testbed@testbed.example",
    )
    start_subscription(customer_id=customer.pk, plan_id=plan.pk, at=month_start, active_from=month_start)
    return customer


def _post_usage(client: ApiClient, who: list[Caller], setting: Setting, progress: Progress) -> int:
    events = list(traffic(callers=who, start=setting.start, end=setting.at, seed=setting.seed))
    total = len(events)
    done = 0
    for posted in client.post_events(events):
        done += posted
        progress.share(done, total)
    return total


def _roll_up(progress: Progress) -> None:
    """Help the worker, which has been at it since the first batch, and wait until nothing is left."""
    total = Batch.objects.pending().count()
    while left := Batch.objects.pending().count():
        advance_rollups()
        progress.share(total - left, total)
    progress.share(total, total)


def _bill(setting: Setting, progress: Progress) -> None:
    """Run billing at each time at which something had come due, so that every invoice bears the date it would have."""
    due: dict[datetime, set[int]] = defaultdict(set)
    items = SubscriptionItem.objects.filter(customer__test_clock=None).select_related("subscription", "customer")
    for item in items:
        for period in service_periods(item, setting.at):
            due[_next_hour(period.bill_at)].add(item.customer_id)
    times = sorted(at for at in due if at <= setting.at)
    for n, at in enumerate(times, 1):
        run_billing(now=at, customer_ids=sorted(due[at]))
        progress.share(n, len(times))


def _hard_month_start(at: datetime) -> datetime:
    """Return the start of a month that is over, and the one after it too, as both are billed."""
    return add_months(at.replace(day=1, hour=0, minute=0, second=0, microsecond=0), -2)


def _next_hour(bill_at: datetime) -> datetime:
    return bill_at + timedelta(hours=1)


def totals() -> dict[str, object]:
    """Return what the summary prints."""
    invoices = Invoice.objects.issued()
    return {
        "customers": Customer.objects.live().count(),
        "invoices": invoices.count(),
        "billed": sum((invoice.total for invoice in invoices), start=0),
    }
