"""A subject moves to another customer from a time on; what was used before stays where it was."""

from datetime import datetime, timedelta

import pytest

from metering.models import Batch, BatchKind, SubjectLink
from metering.queries.usage import customer_spans, total_usage
from metering.services.customers import change_customer, create_customer, delete_customer, link_subject
from metering.services.reasons import ReasonIsMissing
from metering.services.subject_moves import CannotMove, end_links, move_subject
from tests.metering.corrected import AT, NOON, roll_up, store, tokens, tokens_meter

pytestmark = pytest.mark.django_db
FIRST, SECOND, THIRD = (NOON + timedelta(hours=hours) for hours in (1, 2, 3))
WHY = "Sold"


@pytest.fixture
def owners():
    return {key: create_customer(name=key.title(), key=key, at=AT) for key in ("acme", "globex", "initech")}


def give(owners, key, from_at=None):
    link_subject(customer_id=owners[key].pk, subject_key="device", from_at=from_at, at=AT)


def move(owners, key, from_at=FIRST, **changes):
    named = {"subject_key": "device", "customer_id": owners[key].pk, "from_at": from_at, "reason": WHY, "at": AT}
    return move_subject(**named | changes)


def end(from_at=FIRST, **changes):
    return end_links(**{"subject_key": "device", "from_at": from_at, "reason": WHY, "at": AT} | changes)


def timeline():
    links = SubjectLink.objects.known_at(None).filter(subject__key="device").order_by("pk")
    return {(link.customer.key, link.from_at, link.to_at) for link in links.select_related("customer")}


def used(meter, customer, bound=None):
    spans = customer_spans(customer_id=customer.pk, bound=bound)
    return total_usage(version=meter.current_version, start=None, end=None, spans=spans, bound=bound)


def test_usage_moves_from_the_time_on_and_stays_at_earlier_bounds(owners):
    meter = tokens_meter()
    give(owners, "acme")
    bound = store(*(tokens(n, n, subject="device", time=(NOON + timedelta(hours=n)).isoformat()) for n in (0, 1, 2)))
    roll_up()
    move(owners, "globex")
    acme, globex = owners["acme"], owners["globex"]
    # 0 at noon; 1 + 2 from one o'clock on
    assert (used(meter, acme), used(meter, globex)) == (0, 3)
    assert (used(meter, acme, bound), used(meter, globex, bound)) == (3, 0)


def test_it_is_one_batch_that_cuts_the_old_link_and_makes_the_new_one(owners):
    give(owners, "acme")
    made = move(owners, "globex")
    assert timeline() == {("acme", None, FIRST), ("globex", FIRST, None)}
    assert (made.batch.kind, made.batch.is_rolled_up, made.batch.reason) == (BatchKind.LINK, True, WHY)
    assert {link.ended_batch for link in made.ended} == {link.made_batch for link in made.made} == {made.batch}


def test_it_may_move_all_time_at_once(owners):
    give(owners, "acme")
    move(owners, "globex", None)
    assert timeline() == {("globex", None, None)}


def test_it_gives_a_subject_that_nobody_had_or_has(owners):
    move(owners, "acme", SECOND)
    end(THIRD)
    assert timeline() == {("acme", SECOND, THIRD)}
    move(owners, "globex", THIRD + timedelta(hours=1))
    assert timeline() == {("acme", SECOND, THIRD), ("globex", THIRD + timedelta(hours=1), None)}


def test_it_ends_later_links_of_the_same_two_customers(owners):
    give(owners, "acme")
    move(owners, "globex", SECOND)
    move(owners, "globex", FIRST)
    assert timeline() == {("acme", None, FIRST), ("globex", FIRST, None)}
    move(owners, "acme", SECOND)
    move(owners, "acme", FIRST)
    assert timeline() == {("acme", None, FIRST), ("acme", FIRST, None)}


def test_it_leaves_a_third_customers_time_alone_until_that_is_moved_first(owners):
    give(owners, "acme")
    move(owners, "globex", SECOND)
    before = (timeline(), Batch.objects.count())
    with pytest.raises(CannotMove, match=r"device belongs to Globex \(globex\) since 2026-01-05T14:00:00"):
        move(owners, "initech", FIRST)
    with pytest.raises(CannotMove, match="Begin with the latest"):
        end(FIRST)
    assert (timeline(), Batch.objects.count()) == before
    move(owners, "initech", SECOND)
    move(owners, "initech", FIRST)
    assert timeline() == {("acme", None, FIRST), ("initech", FIRST, None)}


def test_it_takes_a_subject_away_from_a_time_on_or_altogether(owners):
    give(owners, "acme")
    assert len(end(SECOND).made) == 1
    assert timeline() == {("acme", None, SECOND)}
    assert end(None).made == ()
    assert timeline() == set()


def test_it_refuses_and_changes_nothing(owners):
    give(owners, "acme")
    delete_customer(customer_id=owners["initech"].pk, at=AT)
    before = (timeline(), Batch.objects.count())
    for key, changes, error, says in [
        ("acme", {}, CannotMove, "belongs to Acme .* from then on already"),
        ("initech", {}, CannotMove, "was deleted"),
        ("globex", {"reason": " "}, ReasonIsMissing, "Say why"),
        ("globex", {"subject_key": "acme"}, CannotMove, "Give Acme .* another key first"),
    ]:
        with pytest.raises(error, match=says):
            move(owners, key, **changes)
    with pytest.raises(CannotMove, match="belongs to nobody"):
        end(subject_key="unheard of")
    with pytest.raises(CannotMove, match="another key first"):
        end(subject_key="globex")
    assert (timeline(), Batch.objects.count()) == before


def test_both_customers_can_be_changed_afterwards(owners):
    give(owners, "acme")
    move(owners, "globex", datetime.fromisoformat("2030-01-01T00:00:00Z"))
    for key in ("acme", "globex"):
        change_customer(customer_id=owners[key].pk, name=f"{key} Ltd", at=AT)
    assert {key for key, *_ in timeline()} == {"acme", "globex"}
