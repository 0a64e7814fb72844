"""Which keys and subject keys a customer may have, how they are shown, and when they are fixed."""

from datetime import timedelta

import pytest

from metering import clock
from metering.models import Customer, SubjectLink
from metering.services.customers import link_subject
from tests.factories import START, CustomerFactory, SubscriptionFactory, TestClockFactory

URL = "/api/v1/customers"


def _create(api, **body):
    return api.post(URL, {"name": "Acme", **body}, format="json").json()


def _put(api, name, **body):
    return api.put(f"{URL}/{name}", {"name": "Acme", "key": name, **body}, format="json")


def _subjects(*keys):
    return {"usageAttribution": {"subjectKeys": list(keys)}}


@pytest.mark.parametrize("keys", [["b", "a", "c"], ["b", "acme", "a"], ["acme"], []])
def test_it_shows_the_subject_keys_that_were_sent_in_their_order(api, keys):
    made = _create(api, key="acme", **_subjects(*keys))
    assert made["usageAttribution"]["subjectKeys"] == keys
    assert api.get(f"{URL}/acme").json() == made


def test_it_shows_the_subject_keys_of_a_replacement_in_their_order(api):
    _create(api, key="acme", **_subjects("a", "b", "c"))
    for keys in (["c", "a", "b"], ["b", "acme", "new", "a"], ["a", "b"]):
        assert _put(api, "acme", **_subjects(*keys)).json()["usageAttribution"]["subjectKeys"] == keys
        assert api.get(f"{URL}/acme").json()["usageAttribution"]["subjectKeys"] == keys


def test_it_names_a_subject_key_once(api):
    assert _create(api, key="acme", **_subjects("a", "a"))["usageAttribution"]["subjectKeys"] == ["a"]


def test_it_makes_no_link_where_only_the_order_changes(api):
    _create(api, key="acme", **_subjects("a", "b"))
    before = list(SubjectLink.objects.values_list("pk", "ended_batch"))
    _put(api, "acme", **_subjects("b", "a", "acme"))
    assert list(SubjectLink.objects.values_list("pk", "ended_batch")) == before


def test_it_shows_a_subject_that_was_linked_later_last(api):
    made = _create(api, key="acme", **_subjects("b", "a"))
    customer = Customer.objects.get(ulid=made["id"])
    link_subject(customer_id=customer.pk, subject_key="0", at=START)
    assert api.get(f"{URL}/acme").json()["usageAttribution"]["subjectKeys"] == ["b", "a", "0"]


def test_it_keeps_a_former_key_that_was_named_as_a_subject_too(api):
    _create(api, key="acme", **_subjects("acme", "a"))
    response = api.put(f"{URL}/acme", {"name": "Acme", "key": "new", **_subjects("acme", "a")}, format="json")
    assert response.json()["usageAttribution"]["subjectKeys"] == ["acme", "a"]


@pytest.mark.parametrize(
    "taken", [{"key": "globex"}, {"key": "device"}, _subjects("globex"), _subjects("device"), _subjects("a", "device")]
)
def test_it_refuses_to_replace_with_a_key_or_subject_of_another_customer(api, taken):
    _create(api, key="globex", **_subjects("device"))
    made = _create(api, key="acme", **_subjects("a"))
    response = _put(api, "acme", **taken)
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert api.get(f"{URL}/acme").json() == made


def test_it_refuses_the_id_of_another_customer_as_a_new_key_but_not_its_own(api):
    other, made = _create(api, key="globex"), _create(api, key="acme")
    assert _put(api, made["id"], key=other["id"]).status_code == 409
    assert _put(api, made["id"], key=made["id"]).status_code == 200


@pytest.mark.parametrize("keys", [["b", "a"], ["a"], ["a", "b", "c"], []])
def test_it_fixes_the_subject_keys_while_a_subscription_runs(api, keys):
    made = _create(api, key="acme", **_subjects("a", "b"))
    SubscriptionFactory(customer=Customer.objects.get(ulid=made["id"]), active_from=START)
    response = _put(api, "acme", description="New", **_subjects(*keys))
    assert response.status_code == 400
    assert "cannot change while a subscription runs" in response.json()["detail"]
    assert api.get(f"{URL}/acme").json()["usageAttribution"] == made["usageAttribution"]
    assert "description" not in api.get(f"{URL}/acme").json()


def test_it_changes_the_rest_while_a_subscription_runs(api):
    made = _create(api, key="acme", **_subjects("b", "a"))
    SubscriptionFactory(customer=Customer.objects.get(ulid=made["id"]), active_from=START)
    assert _put(api, "acme", description="New", **_subjects("b", "a")).json()["description"] == "New"


def test_it_frees_the_subject_keys_when_the_subscription_has_ended(api):
    made = _create(api, key="acme", **_subjects("a"))
    customer = Customer.objects.get(ulid=made["id"])
    SubscriptionFactory(customer=customer, active_from=START, active_to=START + timedelta(days=1))
    assert _put(api, "acme", **_subjects("b")).status_code == 200


def test_it_asks_a_customers_own_clock_whether_a_subscription_runs(api):
    made = _create(api, key="acme", **_subjects("a"))
    customer = Customer.objects.get(ulid=made["id"])
    customer.test_clock = TestClockFactory(now_at=START)
    customer.save()
    SubscriptionFactory(customer=customer, active_from=START, active_to=START + timedelta(days=1))
    assert clock.now() > START + timedelta(days=1)
    assert _put(api, "acme", **_subjects("b")).status_code == 400


def test_it_does_not_change_a_deleted_customer(api):
    customer = CustomerFactory(key="acme", deleted_at=START)
    response = _put(api, customer.ulid, description="New")
    assert (response.status_code, response.json()["extensions"]) == (412, {"code": "customer_is_deleted"})
