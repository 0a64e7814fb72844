"""A change that is noted while somebody bills at an earlier bound is neither lost nor forgotten."""

import pytest

from invoicing.lines import LineState
from invoicing.models import ChangeWatermark, InvoiceLine, UsageChange
from invoicing.queries.changes import noted_changes
from invoicing.services.usage_changes import note_changes, note_if_overtaken, settle_changes
from metering.ingest.fence import current_bound
from tests.invoicing.changed import billed_june, noted
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer():
    return billed_june().customer


def test_lines_written_at_a_bound_that_was_passed_are_noted_by_who_writes_them(customer):
    state = LineState.from_json(InvoiceLine.objects.get().now)
    use(customer, 5, day(6, 20))
    # As if the lines had been invisible to who noted this batch.
    ChangeWatermark.objects.update(bound=current_bound())
    note_if_overtaken(customer_id=customer.pk, states=[None, state])
    change = UsageChange.objects.get()
    assert (change.customer, change.from_at, change.to_at) == (customer, day(6, 1), day(7, 1))


def test_lines_at_the_bound_that_is_noted_are_not(customer):
    state = LineState.from_json(InvoiceLine.objects.get().now)
    note_if_overtaken(customer_id=customer.pk, states=[state])
    assert noted() == 0


def test_a_note_that_grew_meanwhile_or_holds_later_batches_stays(customer):
    use(customer, 5, day(6, 20))
    note_changes(bound=current_bound())
    bound, seen = current_bound(), noted_changes([customer.pk])[customer.pk]
    settle_changes(customer_id=customer.pk, bound=bound - 1, seen=seen)
    assert noted() == 1
    # Within one transaction a row keeps its version, so one that it never had stands for the one before it grew.
    settle_changes(customer_id=customer.pk, bound=bound, seen="0")
    assert noted() == 1
    settle_changes(customer_id=customer.pk, bound=bound, seen=noted_changes([customer.pk])[customer.pk])
    assert noted() == 0


def test_noting_again_up_to_the_same_bound_changes_nothing(customer):
    use(customer, 5, day(6, 20))
    note_changes(bound=current_bound())
    UsageChange.objects.all().delete()
    note_changes(bound=current_bound())
    note_changes(bound=0)
    assert (noted(), ChangeWatermark.objects.get().bound) == (0, current_bound())
