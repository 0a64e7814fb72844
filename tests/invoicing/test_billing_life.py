"""Whatever happens to customers in whatever order: the books agree, and they pay what a plain computation says."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from billing_site.audits import CHECKS
from invoicing.models import BillingProfile, CollectionMethod, Corrections, Invoice, InvoiceType
from invoicing.services.billing_run import run_billing
from invoicing.services.credit_notes import CreditItem, create_credit_note
from invoicing.services.invoices import void_invoice
from metering.audit import Scope
from metering.errors import DomainError
from metering.queries.event_filter import EventFilter
from metering.services.corrections import undo_correction, void_events
from metering.services.rollups import advance_rollups
from metering.services.subject_moves import move_subject
from pricing.services.subscriptions.change import change_subscription
from pricing.services.subscriptions.end import cancel_subscription
from pricing.services.subscriptions.start import start_subscription
from tests import factories
from tests.invoicing.agreements import fee, metered, plan, tiers
from tests.invoicing.life_model import PLANS, Books, Term, Used

START = datetime(2026, 1, 1, tzinfo=UTC)
CUSTOMERS = ("ann", "bob")
SUBJECTS = ("ann", "bob", "team")
customers, plans = st.sampled_from(CUSTOMERS), st.sampled_from(sorted(PLANS))
ago = st.sampled_from([timedelta(0), timedelta(hours=5), timedelta(days=3), timedelta(days=20), timedelta(days=45)])


class Lives(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.voids = []

    def teardown(self):
        try:
            self.settle()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @initialize(policy=st.sampled_from([Corrections.NEXT_INVOICE, Corrections.CREDIT_NOTE]))
    def begin(self, policy):
        self.at, self.books = START, Books()
        BillingProfile.objects.update(corrections=policy, collection_method=CollectionMethod.SEND_INVOICE)
        feature = factories.FeatureFactory()
        self.sold = {name: _plan(name, feature) for name in PLANS}
        self.people = {}
        for name in CUSTOMERS:
            self.people[name] = factories.CustomerFactory(key=name, currency="USD")
            factories.SubjectLinkFactory(subject=factories.SubjectFactory(key=name), customer=self.people[name])
            self.books.owners[name] = [(datetime.min.replace(tzinfo=UTC), name)]
        factories.SubjectLinkFactory(subject=factories.SubjectFactory(key="team"), customer=self.people["ann"])
        self.books.owners["team"] = [(datetime.min.replace(tzinfo=UTC), "ann")]
        self.start("ann", "small")

    @rule(subject=st.sampled_from(SUBJECTS), back=ago, amount=st.sampled_from(["1", "7.5", "60", "120"]))
    def use(self, subject, back, amount):
        event = factories.EventFactory(subject=subject, time=max(START, self.at - back), data={"tokens": amount})
        self.books.events.append(Used(event.event_id, subject, event.time, Decimal(amount)))

    @precondition(lambda self: any(not event.is_void for event in self.books.events))
    @rule(which=st.integers(0, 99))
    def void(self, which):
        counted = [event for event in self.books.events if not event.is_void]
        event = counted[which % len(counted)]
        made = void_events(events=EventFilter(events=(("tests", event.key),)), reason="Wrong", at=self.at)
        event.is_void = True
        self.voids.append((made.pk, event))

    @precondition(lambda self: self.voids)
    @rule()
    def undo(self):
        correction, event = self.voids.pop()
        undo_correction(correction_id=correction, reason="Right after all", at=self.at)
        event.is_void = False

    @rule(customer=customers, back=ago)
    def move(self, customer, back):
        since = max(START, self.at - back)
        try:
            move_subject(
                subject_key="team", customer_id=self.people[customer].pk, from_at=since, reason="Moved", at=self.at
            )
        except DomainError:
            return
        owners = self.books.owners["team"]
        self.books.owners["team"] = [one for one in owners if one[0] < since] + [(since, customer)]

    def live(self, customer):
        return self.people[customer].subscriptions.live(self.at).first()

    @rule(customer=customers, name=plans)
    def start(self, customer, name):
        if self.live(customer) is None:
            start_subscription(
                customer_id=self.people[customer].pk, custom_plan=self.sold[name], at=self.at, billing_anchor=START
            )
            self.books.terms.setdefault(customer, []).append(Term(name, self.at))

    @rule(customer=customers, name=plans)
    def change(self, customer, name):
        one = self.live(customer)
        if one is not None and one.active_from < self.at:
            change_subscription(subscription_id=one.pk, custom_plan=self.sold[name], at=self.at)
            self.books.terms[customer][-1].end = self.at
            self.books.terms[customer].append(Term(name, self.at))

    @rule(customer=customers)
    def cancel(self, customer):
        one = self.live(customer)
        if one is not None and one.active_from < self.at:
            cancel_subscription(subscription_id=one.pk, at=self.at, active_to=self.at)
            self.books.terms[customer][-1].end = self.at

    @rule(days=st.sampled_from([1, 4, 15, 31]), hours=st.sampled_from([0, 7]))
    def pass_time(self, days, hours):
        self.at += timedelta(days=days, hours=hours)

    @rule()
    def roll_up(self):
        advance_rollups()

    @rule()
    def bill(self):
        assert run_billing(now=self.at).failures == []
        self.check()

    @rule(customer=customers, share=st.sampled_from([2, 3]))
    def credit(self, customer, share):
        invoice = self.last_invoice(customer)
        line = invoice and invoice.lines.filter(amount__gt=0, subscription_item__isnull=False).order_by("pk").first()
        if line is None:
            return
        amount = (line.amount / share).quantize(Decimal("0.01"))
        items = [CreditItem(line_id=line.pk, amount=amount)]
        try:
            create_credit_note(invoice_id=invoice.pk, items=items, reason="Goodwill", at=self.at)
        except DomainError:
            return
        self.books.given[customer] = self.books.given.get(customer, Decimal(0)) + amount

    @rule(customer=customers, rebill=st.booleans())
    def void_invoice(self, customer, rebill):
        invoice = self.last_invoice(customer)
        if invoice is None:
            return
        try:
            void_invoice(invoice_id=invoice.pk, reason="Wrong", rebill=rebill, at=self.at)
        except DomainError:
            return
        if not rebill:
            self.books.given[customer] = self.books.given.get(customer, Decimal(0)) + invoice.total

    def last_invoice(self, customer):
        issued = self.people[customer].invoices.issued().filter(type=InvoiceType.STANDARD)
        return issued.order_by("-pk").first()

    def check(self):
        assert [str(found) for check in CHECKS for found in check.find(Scope(at=self.at))] == []

    @rule()
    def settle(self):
        """Bill until nothing that happened so far waits for a later invoice; then the sums have to agree."""
        for _ in range(3):
            assert run_billing(now=self.at).failures == []
            self.at += timedelta(days=32)
        assert run_billing(now=self.at).failures == []
        self.check()
        for name, customer in self.people.items():
            charged = Invoice.objects.issued().filter(customer=customer).aggregate(sum=Sum("total"))["sum"]
            assert (name, charged or Decimal(0)) == (name, self.books.owed(name, self.at))


def _plan(name, feature):
    amount, free, steps = PLANS[name]
    price = tiers(*((None if bound is None else f"{bound}", f"{unit}") for bound, unit in steps))
    discounts = {"usage": {"quantity": f"{free}"}} if free else None
    return plan(fee(f"{amount}"), metered(price, feature=feature, discounts=discounts))


@pytest.mark.django_db
def test_they_pay_what_a_plain_computation_says():
    run_state_machine_as_test(
        seed(5)(Lives),
        settings=examples(
            max_examples=8,
            stateful_step_count=16,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
