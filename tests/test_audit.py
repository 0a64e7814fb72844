"""The audit finds nothing in a sound world, and names the offender of every corruption seeded by raw SQL."""

from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing_site.audits import CHECKS
from invoicing.models import Invoice, InvoiceLine
from invoicing.services.billing_run import run_billing
from metering import clock
from metering.audit import Scope
from metering.models import Batch, TestClock
from metering.services.rollups import advance_rollups
from pricing.services.subscriptions.end import cancel_subscription
from tests.factories import CustomerFactory, PlanFactory, TestClockFactory
from tests.invoicing.contracts import day, subscribe, use

AT = day(2, 3)


@pytest.fixture
def world():
    """January's fee on the first invoice; 150 tokens and February's fee on the second: 20.00, then 32.50."""
    return make_world()


def make_world(**customer):
    subscription = subscribe(customer=CustomerFactory(key="acme", currency="USD", **customer))
    use(subscription.customer, 100, day(1, 10))
    use(subscription.customer, 50, day(1, 10, hour=1))
    roll_up()
    run_billing(now=day(1, 1))
    run_billing(now=day(2, 1, hour=1))
    return subscription


def roll_up():
    while advance_rollups():
        pass


@pytest.fixture
def fixed_clock(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)


def findings(at=AT):
    return [finding for check in CHECKS for finding in check.find(Scope(at=at))]


@contextmanager
def triggers_off():
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield cursor
        cursor.execute("SET session_replication_role = origin")


def corrupt(statement):
    with triggers_off() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount > 0


@pytest.mark.django_db
def test_it_finds_nothing_in_a_sound_world(world):
    assert Invoice.objects.count() == 2
    assert InvoiceLine.objects.count() == 3
    assert findings() == []


@pytest.mark.django_db
def test_it_finds_nothing_where_there_is_nothing():
    assert findings() == []


FIRST_EVENT = "(SELECT key FROM metering_event ORDER BY time LIMIT 1)"
FIRST_LINE = "(SELECT min(id) FROM invoicing_invoiceline)"
LAST_FEE = "(SELECT max(id) FROM invoicing_invoiceline WHERE type = 'flat_fee')"
USAGE_LINE = "(SELECT id FROM invoicing_invoiceline WHERE type = 'usage_based')"
SECOND = "(SELECT id FROM invoicing_invoice WHERE sequence_number = 2)"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            f"UPDATE metering_event SET batch_id = 4711 WHERE key = {FIRST_EVENT}",
            [(1, "batch 4711", "name one that is missing"), (1, "batch ", "counts other events than it holds"),
             (1, "2026-01-10 00:00 UTC", "the bucket is surplus"), (4, "(Tokens) of INV-000002", "The quantity is 50")],
        ),
        (
            "UPDATE metering_batch SET accepted = 5 WHERE id = (SELECT min(batch_id) FROM metering_event)",
            [(1, "batch ", "expected 5 accepted, found 1 events")],
        ),
        ("UPDATE metering_event SET api_key_id = 4711", [(1, "API key 4711", "found 2 events of no key")]),
        (
            "UPDATE metering_series SET subject_hash = '00000000-0000-0000-0000-000000000000'",
            [(1, "subject 'acme'", "the hash is not that of the subject")],
        ),
        (
            "DELETE FROM metering_bucket WHERE start_at = '2026-01-10T01:00Z'",
            [(1, "subject 'acme', {'model': 'large'}, 2026-01-10 01:00 UTC",
              "the bucket is missing; expected 1 events, 1 values, sum 50")],
        ),
        (
            "UPDATE metering_bucket SET start_at = '2026-01-11T01:00Z' WHERE start_at = '2026-01-10T01:00Z'",
            [(1, "2026-01-10 01:00 UTC", "the bucket is missing"),
             (1, "2026-01-11 01:00 UTC", "the bucket is surplus")],
        ),
        (
            "UPDATE metering_bucket SET sum = sum + 0.001 WHERE start_at = '2026-01-10T00:00Z'",
            [(1, "2026-01-10 00:00 UTC", "sum 100.001")],
        ),
        *(
            (
                f"UPDATE metering_bucket SET {column} WHERE start_at = '2026-01-10T00:00Z'",
                [(1, "2026-01-10 00:00 UTC", "the bucket is not the sum of its events")],
            )
            for column in ("events = 2", "values = 0", "max_batch = max_batch + 1",
                           "first_at = first_at - interval '1 second'", "last_at = last_at + interval '1 second'")
        ),
        (
            f"UPDATE metering_event SET time = '1999-05-05T00:00Z' WHERE key = {FIRST_EVENT}",
            [(1, "1999-05-05 00:00 UTC", "the bucket is missing"), (1, "2026-01-10 00:00 UTC", "the bucket is surplus"),
             (4, "(Tokens) of INV-000002", "The quantity is 50, not 150")],
        ),
        (
            f"UPDATE invoicing_invoiceline SET sequence = 1 WHERE id = {USAGE_LINE}",
            [(2, "(Tokens) of INV-000002", "its sequence leaves a gap; expected 0, found 1")],
        ),
        (
            f"UPDATE invoicing_invoiceline SET before = now WHERE id = {LAST_FEE}",
            [(2, "(Base fee) of INV-000002", "it does not start where the line before ended"),
             (4, "(Base fee) of INV-000002", "The amount is 0.00, not 20.00")],
        ),
        (
            f"UPDATE invoicing_invoiceline SET period_start = '2026-02-03T00:00Z' WHERE id = {LAST_FEE}",
            [(2, "(Base fee) of INV-000002", "its item has no such period"),
             (7, "(Base fee) of INV-000002", "its period leaves a gap after the one before")],
        ),
        (
            f"UPDATE invoicing_invoiceline SET period_start = '2026-01-30T00:00Z' WHERE id = {LAST_FEE}",
            [(2, "(Base fee) of INV-000002", "its item has no such period"),
             (7, "(Base fee) of INV-000002", "its period overlaps the one before")],
        ),
        (
            f"UPDATE invoicing_invoice SET billed_at = '2026-02-05T00:00Z' WHERE id = {SECOND}",
            [(2, "(Tokens) of INV-000002", "billed at another time than it was due"),
             (2, "(Base fee) of INV-000002", "billed at another time than it was due")],
        ),
        (
            "UPDATE pricing_subscriptionitem SET price = '{\"type\": \"free\"}' WHERE type = 'flat_fee'",
            [(2, "subscription item", "its price cannot be read"),
             (7, "Pro of", "the price of its item fee of default from 2026-01-01T00:00:00Z is not what was agreed")],
        ),
        (
            f"UPDATE invoicing_detailedline SET amount = amount + 1 WHERE line_id = {LAST_FEE}",
            [(3, "(Base fee) of INV-000002", "its amount is not the sum of its parts; expected 21.00, found 20.00"),
             (4, "(Base fee) of INV-000002", "The parts are")],
        ),
        (
            f"UPDATE invoicing_invoice SET amount = amount + 1, total = total + 1 WHERE id = {SECOND}",
            [(3, "invoice INV-000002", "its total is not the sum of its lines; expected 32.50 USD, found 33.50 USD"),
             (6, "invoice INV-000002, paid", "it is paid with another amount than its total")],
        ),
        (
            f"UPDATE invoicing_invoiceline SET currency = 'EUR' WHERE id = {USAGE_LINE}",
            [(3, "of INV-000002", "another than what it belongs to; expected USD, found EUR")],
        ),
        (
            "UPDATE invoicing_payment SET currency = 'EUR' WHERE id = (SELECT min(id) FROM invoicing_payment)",
            [(3, "of INV-000001", "another than what it belongs to; expected USD, found EUR")],
        ),
        (
            "UPDATE pricing_subscription SET currency = 'EUR'",
            [(3, "of INV-000001", "expected EUR, found USD"),
             (3, "of INV-000002", "expected EUR, found USD")],
        ),
        (
            f"UPDATE invoicing_invoiceline SET amount = 12.501 WHERE id = {USAGE_LINE}",
            [(3, "(Tokens) of INV-000002", "not the sum of its parts"),
             (3, "invoice INV-000002", "not the sum of its lines"),
             (3, "line ", "its amount is not rounded to USD; expected 12.50, found 12.501"),
             (4, "(Tokens) of INV-000002", "The amount is 12.50, not 12.501")],
        ),
        (
            "UPDATE metering_event SET data = '{\"tokens\": 101, \"model\": \"large\"}'"
            f" WHERE key = {FIRST_EVENT}",
            [(1, "2026-01-10 00:00 UTC", "sum 101"), (4, "(Tokens) of INV-000002", "The quantity is 151, not 150"),
             (4, "(Tokens) of INV-000002", "The amount is 12.55, not 12.50")],
        ),
        (
            f"UPDATE invoicing_invoiceline SET price = '{{}}' WHERE id = {USAGE_LINE}",
            [(4, "(Tokens) of INV-000002", "it cannot be computed again: InvalidPrice")],
        ),
        (
            f"UPDATE invoicing_invoice SET status = 'payment_processing.pending', paid_at = NULL WHERE id = {SECOND}",
            [(6, "invoice INV-000002, payment_processing.pending", "nothing of it is due, but it is not paid")],
        ),
        (
            f"UPDATE invoicing_payment SET status = 'failed' WHERE invoice_id = {SECOND}",
            [(6, "of INV-000002", "more of it was placed than came in; expected 0, found 32.50")],
        ),
        (
            f"UPDATE invoicing_payment SET attempt = 2 WHERE invoice_id = {SECOND}",
            [(6, "of invoice INV-000002", "an attempt before it is missing; expected attempt 1, found attempt 2")],
        ),
        (
            "UPDATE pricing_subscriptionitem SET active_from = '2025-12-31T00:00Z' WHERE type = 'usage_based'",
            [(7, "subscription item", "it is active outside its subscription"),
             (7, "(Tokens) of INV-000002", "its period leaves a gap after the one before")],
        ),
        (
            "UPDATE pricing_subscriptionitem SET customer_id = 4711 WHERE type = 'flat_fee'",
            [(7, "(Base fee)", "it belongs to another customer than its subscription")],
        ),
        (
            "UPDATE pricing_subscriptionitem SET key = 'fee'",
            [(7, "(Base fee)", "another item has its key at the same time"),
             (7, "Pro of", "of default from 2026-01-01T00:00:00Z is missing")],
        ),
        (
            "UPDATE pricing_subscriptionphase SET active_from = '2025-12-31T00:00Z'",
            [(7, "Pro of", "the active_from of its phase default is not what was agreed")],
        ),
        (
            "UPDATE pricing_subscription SET active_from = '2025-12-31T00:00Z'",
            [(7, "Pro of", "the active_from of its time is not what was agreed")],
        ),
        (
            "UPDATE pricing_subscription SET contract = '{}'",
            [(7, "Pro of", "its contract cannot be read; expected a contract, found KeyError")],
        ),
        (
            "UPDATE invoicing_invoice SET sequence_number = 5, number = 'INV-000005' WHERE sequence_number = 2",
            [(8, "profile Default", "numbers 2 to 4 of the series belong to no invoice"),
             (8, "profile Default", "expected 5, found 2")],
        ),
        (
            "UPDATE invoicing_invoicesequence SET last_number = 3",
            [(8, "profile Default", "number 3 of the series belong to no invoice"),
             (8, "profile Default", "expected 2, found 3")],
        ),
        ("DELETE FROM invoicing_invoicesequence", [(8, "profile Default", "expected 2, found no series")]),
        (
            f"UPDATE invoicing_invoice SET number = 'INV-000007' WHERE id = {SECOND}",
            [(8, "invoice INV-000007", "its number does not end in its count; expected ...000002")],
        ),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_it_names_the_offender(world, statement, expected):
    corrupt(statement)
    found = findings()
    for invariant, offender, text in expected:
        assert any(each.invariant == invariant and offender in each.offender and text in str(each) for each in found), [
            str(each) for each in found
        ]
    assert {each.invariant for each in found} == {invariant for invariant, _, _ in expected}


@pytest.mark.django_db
def test_it_names_a_payment_of_a_draft(world):
    corrupt(
        "UPDATE invoicing_invoice SET status = 'draft.created', number = NULL, sequence_number = NULL,"
        f" issued_at = NULL, paid_at = NULL WHERE id = {SECOND}"
    )
    texts = [str(each) for each in findings() if each.invariant == 6]
    assert any("its invoice was not issued" in text for text in texts)
    assert any("nothing of it is due, but it is not paid" in text for text in texts)


@pytest.mark.django_db
def test_it_names_plan_versions_that_are_in_force_together():
    plan = PlanFactory(key="pro", active=True, effective_to=day(3, 1))
    PlanFactory(key="pro", version=2, effective_from=day(2, 1))
    (finding,) = findings()
    assert (finding.invariant, finding.offender) == (7, f"plan {plan}")


@pytest.mark.django_db
def test_it_names_what_was_due_a_day_ago_and_was_never_billed(world):
    # March's fee and February's usage are due on 1 March, collected an hour later, missing from a day after that.
    just_before = day(3, 2, hour=1) - timedelta(microseconds=1)
    assert findings(at=just_before) == []
    assert [(each.invariant, each.actual) for each in findings(at=day(3, 2, hour=1))] == [(2, "none"), (2, "none")]


@pytest.mark.django_db
def test_it_waits_for_billing_after_a_test_clock_was_moved():
    moved = TestClockFactory(now_at=day(2, 1, hour=2))
    make_world(test_clock=moved)
    assert findings() == []
    TestClock.objects.filter(pk=moved.pk).update(now_at=day(4, 2))
    history = TestClock.pgh_event_model.objects
    moved_at = history.latest("pgh_id").pgh_created_at
    assert findings(at=moved_at + timedelta(hours=23)) == []
    overdue = findings(at=moved_at + timedelta(hours=25))
    # March's fee and February's usage were due on 1 March by their clock.
    assert [each.invariant for each in overdue] == [2, 2]


@pytest.mark.django_db
def test_it_accepts_what_was_billed_in_advance_of_a_cancellation(world):
    cancel_subscription(subscription_id=world.pk, at=day(2, 3), active_to=day(2, 10))
    run_billing(now=day(2, 10, hour=1))
    assert Invoice.objects.filter(billed_at=day(2, 10)).exists()
    assert findings(at=day(2, 20)) == []


@pytest.mark.django_db
def test_it_names_a_line_billed_beyond_an_end_that_was_known(world):
    corrupt("UPDATE pricing_subscription SET active_to = '2026-01-20T00:00Z', updated_at = '2026-01-15T00:00Z'")
    corrupt("UPDATE pricing_subscriptionitem SET active_to = '2026-01-20T00:00Z'")
    texts = [str(each) for each in findings() if each.invariant == 2]
    assert any("(Base fee) of INV-000002: its item has no such period" in text for text in texts)
    assert any("(Tokens) of INV-000002: its period is not the one that was due" in text for text in texts)


@pytest.mark.django_db
def test_it_leaves_batches_that_wait_for_roll_up_out_of_the_buckets(world):
    use(world.customer, 7, day(2, 1, hour=5))
    assert Batch.objects.pending().exists()
    assert findings() == []
    roll_up()
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_the_command_prints_every_invariant_and_succeeds(fixed_clock):
    make_world()
    out = StringIO()
    call_command("audit", stdout=out, stderr=StringIO())
    lines = out.getvalue().splitlines()
    assert len(lines) == len(CHECKS)
    assert all(line.endswith("  ok") for line in lines)
    assert [int(line.split()[0]) for line in lines] == sorted(check.invariant for check in CHECKS)


@pytest.mark.django_db(transaction=True)
def test_the_command_names_offenders_counts_them_and_fails(fixed_clock):
    make_world()
    corrupt("UPDATE invoicing_invoicesequence SET last_number = 3 WHERE type = 'standard'")
    corrupt(f"UPDATE invoicing_detailedline SET amount = 21 WHERE line_id = {LAST_FEE}")
    out, progress = StringIO(), StringIO()
    with pytest.raises(CommandError, match="2 findings"):
        call_command("audit", "--invariant", "8", stdout=out, stderr=progress)
    assert "[8] profile Default: number 3 of the series belong to no invoice; expected an invoice, found none" in (
        out.getvalue()
    )
    assert "[3]" not in out.getvalue()
    assert "... looking for gaps in invoice numbers" in progress.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_command_reads_one_snapshot_and_writes_nothing(fixed_clock):
    make_world()
    seen = []

    def during(text):
        if not seen:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
                )
                seen.append(cursor.fetchone())

    call_command(
        "audit", stdout=StringIO(), stderr=type("Progress", (StringIO,), {"write": lambda self, text: during(text)})()
    )
    assert seen == [("repeatable read", "on")]
