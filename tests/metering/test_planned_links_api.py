"""Subjects that become a customer's, or cease to be, at a time that is still to come."""

from datetime import timedelta

import pytest

from metering import clock
from metering.models import Customer, SubjectLink
from metering.services.customers import link_subject
from metering.services.subject_moves import move_subject
from tests.factories import START, SubscriptionFactory, TestClockFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/customers"


@pytest.fixture
def next_week():
    return clock.now() + timedelta(days=7)


def make_customer(api, key, *subject_keys):
    body = {"name": key, "key": key, "usageAttribution": {"subjectKeys": subject_keys}}
    return Customer.objects.get(ulid=api.post(URL, body, format="json").json()["id"])


def shown(api, *customers):
    return [api.get(f"{URL}/{row.key}").json()["usageAttribution"]["subjectKeys"] for row in customers]


def found_by(api, subject):
    return [item["key"] for item in api.get(URL, {"subject": subject}).json()["items"]]


@pytest.fixture
def moving(api, next_week):
    """Acme, whose subject `device` is Globex's from next week on."""
    acme, globex = make_customer(api, "acme", "device"), make_customer(api, "globex")
    move_subject(subject_key="device", customer_id=globex.pk, from_at=next_week, reason="Sold", at=clock.now())
    return acme, globex


def test_a_subject_is_shown_and_found_with_whom_it_belongs_to_now(api, moving):
    assert shown(api, *moving) == [["device"], []]
    assert found_by(api, "device") == ["acme"]


def test_a_customers_clock_that_is_ahead_says_what_is_now(api, moving):
    ahead = TestClockFactory(now_at=clock.now() + timedelta(days=8))
    Customer.objects.update(test_clock=ahead)
    assert shown(api, *moving) == [[], ["device"]]
    assert found_by(api, "device") == ["globex"]


def test_sending_back_what_was_shown_leaves_a_planned_move_alone(api, moving):
    before = list(SubjectLink.objects.order_by("pk").values())
    for customer in moving:
        SubscriptionFactory(customer=customer, active_from=START)
        body = api.get(f"{URL}/{customer.key}").json()
        assert api.put(f"{URL}/{customer.key}", body, format="json").status_code == 200
    assert list(SubjectLink.objects.order_by("pk").values()) == before


def test_a_customer_whose_key_is_theirs_only_later_can_be_changed(api, moving):
    key = make_customer(api, "second", "own")
    SubjectLink.objects.filter(customer=key, subject__key="second").update(from_at=clock.now() + timedelta(days=1))
    answer = api.put(f"{URL}/second", {"name": "New", "key": "second", **_own("own")}, format="json")
    assert (answer.status_code, answer.json()["name"]) == (200, "New")


def test_a_subject_that_will_belong_to_a_customer_is_kept(api, next_week):
    customer = make_customer(api, "acme")
    link_subject(customer_id=customer.pk, subject_key="device", from_at=next_week, at=clock.now())
    assert api.delete("/api/v1/subjects/device").status_code == 409


def _own(*keys):
    return {"usageAttribution": {"subjectKeys": list(keys)}}
