"""Whatever changes in whatever order, what is noted and billed comes to what a plain pass over all events says."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from invoicing.lines import LineState
from invoicing.models import InvoiceLine, UsageChange
from invoicing.services.usage_changes import note_changes
from metering.ingest.fence import current_bound
from metering.models import Correction, Event, EventVoid, SubjectLink
from metering.queries.event_filter import EventFilter
from metering.services.corrections import undo_correction, void_events
from metering.services.rollups import advance_rollups
from metering.services.subject_moves import move_subject
from tests import factories
from tests.invoicing.agreements import agree, bill, metered, new_customer
from tests.invoicing.changed import TIERED, route
from tests.invoicing.contracts import day

pytestmark = pytest.mark.django_db
SUBJECTS = ["car", "bus", "van"]
MINUTES = 61 * 24 * 60


class World:
    """Two customers whose June and July are billed, and three subjects that change hands."""

    def __init__(self, seed):
        self.chance = Random(seed)
        self.contracts = [agree(metered(TIERED), customer=new_customer()) for _ in range(2)]
        for subject, contract in zip(SUBJECTS, [*self.contracts, self.contracts[0]], strict=True):
            row = factories.SubjectFactory(key=subject)
            factories.SubjectLinkFactory(subject=row, customer=contract.customer)

    def some_time(self):
        return day(6, 1) + timedelta(minutes=self.chance.randrange(MINUTES))

    def use(self):
        subject, tokens = self.chance.choice(SUBJECTS), self.chance.randrange(1, 90)
        factories.EventFactory(subject=subject, time=self.some_time(), data={"tokens": tokens, "model": "large"})

    def void(self):
        start = self.some_time()
        chosen = EventFilter(type="request", start=start, end=start + timedelta(days=self.chance.randrange(1, 20)))
        if chosen.matching(bound=current_bound()).exclude(pk__in=voided()).exists():
            void_events(events=chosen, reason="No", at=day(9, 1))

    def undo(self):
        if correction := Correction.objects.filter(undone_at=None).order_by("-pk").first():
            undo_correction(correction_id=correction.pk, reason="Yes", at=day(9, 1))

    def move(self):
        subject, contract = self.chance.choice(SUBJECTS), self.chance.choice(self.contracts)
        last = SubjectLink.objects.known_at(None).get(subject__key=subject, to_at=None)
        if last.customer_id != contract.customer_id:
            since = max(self.some_time(), last.from_at or day(6, 1)) + timedelta(minutes=1)
            move_subject(
                subject_key=subject, customer_id=contract.customer_id, from_at=since, reason="Sold", at=day(9, 1)
            )

    def roll_up(self):
        advance_rollups()

    def step(self):
        self.chance.choice([self.use, self.use, self.use, self.void, self.undo, self.move, self.roll_up])()


def voided():
    return EventVoid.objects.known_at(None).values_list("event_key", flat=True)


def used(customer_id, start, end):
    """Sum what a customer used, event by event."""
    total = 0
    for event in Event.objects.filter(time__gte=start, time__lt=end).exclude(pk__in=voided()):
        links = SubjectLink.objects.known_at(None).filter(subject__key=event.subject, customer=customer_id)
        total += sum(
            event.data["tokens"]
            for link in links
            if (link.from_at or start) <= event.time and (link.to_at is None or event.time < link.to_at)
        )
    return total


def last_lines():
    found = {}
    for line in InvoiceLine.objects.select_related("subscription_item").order_by("sequence"):
        found[line.subscription_item_id, line.period_start] = line
    return found.values()


def price(tokens):
    return Decimal(min(tokens, 100)) + Decimal(max(tokens - 100, 0)) / 2


def check_noted():
    """Look at the bound of now whether whoever was billed for other usage than they have is noted."""
    note_changes(bound=current_bound())
    noted = set(UsageChange.objects.values_list("customer", flat=True))
    for line in last_lines():
        customer = line.subscription_item.customer_id
        if used(customer, line.period_start, line.period_end) != LineState.from_json(line.now).quantity:
            assert customer in noted


def check_billed():
    """Compare what is billed of every period with the usage that it has now."""
    for line in last_lines():
        tokens = used(line.subscription_item.customer_id, line.period_start, line.period_end)
        chain = InvoiceLine.objects.filter(subscription_item=line.subscription_item_id, period_start=line.period_start)
        assert LineState.from_json(line.now).quantity == tokens
        assert sum(each.amount for each in chain) == price(tokens)


@pytest.mark.parametrize(("seed", "policy"), [(1, "next_invoice"), (2, "credit_note")])
def test_each_change_is_noted_and_billed_once(seed, policy):
    route(policy)
    world = World(seed)
    for _ in range(6):
        world.use()
    for contract in world.contracts:
        bill(contract, day(8, 2))
    for month in (9, 10):
        for _ in range(7):
            world.step()
        check_noted()
        for contract in world.contracts:
            bill(contract, day(month, 2))
        assert not UsageChange.objects.exists()
    check_billed()
    assert [bill(contract, day(10, 3)) for contract in world.contracts] == [[], []]
