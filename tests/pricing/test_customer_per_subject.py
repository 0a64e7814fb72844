"""A subject that events name and nobody has becomes a customer, once, from its first event on."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from metering.models import Customer, SubjectLink, SubjectSearch
from metering.services.customers import create_customer, delete_customer
from metering.services.unknown_subjects import adopt_unknown_subjects
from metering.tasks import adopt_unknown_subjects as job
from pricing.models import Subscription
from pricing.services.plans import publish_plan
from tests.factories import START, BatchFactory, EventFactory, EventVoidFactory, RateCardFactory

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def free(settings):
    settings.DEFAULT_PLAN = "free"
    return publish_plan(plan_id=RateCardFactory(phase__plan__key="free").phase.plan_id, at=START)


def used(subject, *times):
    batch = BatchFactory(accepted=len(times))
    return [EventFactory(subject=subject, time=time, batch=batch) for time in times]


def test_it_makes_a_customer_of_a_subject_and_subscribes_it_from_the_first_event_on(free):
    used("user/7", START + 5 * HOUR, START + 3 * HOUR)
    assert adopt_unknown_subjects(at=START + DAY) == 1
    customer = Customer.objects.get()
    assert (customer.key, customer.name, customer.created_at) == ("user/7", "user/7", START + DAY)
    assert SubjectLink.objects.get().from_at is None
    assert customer.subscriptions.get().active_from == START + 3 * HOUR


def test_it_subscribes_from_now_on_where_the_plan_was_published_after_the_first_event(free):
    used("a", START - HOUR, START + HOUR)
    adopt_unknown_subjects(at=START + DAY)
    assert Subscription.objects.get().active_from == START + DAY


def test_it_subscribes_from_now_on_where_the_first_event_is_ahead_of_time(free):
    used("a", START + 2 * DAY)
    adopt_unknown_subjects(at=START + DAY)
    assert Subscription.objects.get().active_from == START + DAY


def test_it_makes_customers_without_a_default_plan():
    used("a", START)
    assert adopt_unknown_subjects(at=START) == 1
    assert not Subscription.objects.exists()


def test_it_finds_nothing_twice():
    used("a", START)
    assert [adopt_unknown_subjects(at=START) for _ in range(2)] == [1, 0]
    used("a", START + HOUR)
    used("b", START + HOUR)
    assert adopt_unknown_subjects(at=START + HOUR) == 1
    assert Customer.objects.count() == 2


def test_it_leaves_subjects_that_have_a_customer_or_make_none():
    create_customer(name="Acme", key="acme", subject_keys=["owned"], at=START)
    used("owned", START)
    used("acme", START)
    used(Customer.objects.get().ulid, START)
    used("x" * 257, START)
    for mistaken in used("mistaken", START):
        EventVoidFactory(event_key=mistaken.key)
    assert adopt_unknown_subjects(at=START) == 0
    assert Customer.objects.count() == 1


def test_it_makes_a_new_customer_of_a_subject_that_is_used_after_its_customer_was_deleted(free):
    former = create_customer(name="Acme", subject_keys=["a"], at=START - 9 * DAY)
    Subscription.objects.update(active_to=START)
    used("a", START - DAY)
    delete_customer(customer_id=former.pk, at=START + HOUR)
    assert adopt_unknown_subjects(at=START + 2 * HOUR) == 0
    used("a", START + 3 * HOUR, START + 2 * HOUR)
    assert adopt_unknown_subjects(at=START + DAY) == 1
    assert Customer.objects.live().get().subscriptions.get().active_from == START + 2 * HOUR


def test_it_makes_so_many_at_a_time_and_goes_on():
    for subject in "edcba":
        used(subject, START)
    made = []
    while count := adopt_unknown_subjects(at=START, limit=2):
        made.append((count, list(Customer.objects.order_by("pk").values_list("key", flat=True))))
    assert made == [(2, ["a", "b"]), (2, ["a", "b", "c", "d"]), (1, ["a", "b", "c", "d", "e"])]


def test_two_workers_at_once_make_each_customer_once(free):
    for number in range(20):
        used(f"user-{number}", START + HOUR)
    together, made, errors = threading.Barrier(2), [], []

    def work():
        try:
            together.wait()
            made.append(adopt_unknown_subjects(at=START + DAY))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, sum(made)) == ([], 20)
    assert Customer.objects.count() == Subscription.objects.count() == SubjectLink.objects.count() == 20
    assert adopt_unknown_subjects(at=START + DAY) == 0


def test_the_job_does_it_only_where_the_setting_says_so(settings):
    used("a", START)
    job()
    assert not Customer.objects.exists() and not SubjectSearch.objects.exists()
    settings.CUSTOMER_PER_SUBJECT = True
    job()
    assert Customer.objects.get().key == "a"
