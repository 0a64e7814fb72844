from datetime import timedelta

import pytest

from metering.models import SubjectLink, User
from metering.services.customers import (
    CustomerNeedsSubject,
    change_customer,
    create_customer,
    delete_customer,
    invite_member,
    link_subject,
)
from metering.services.subject_moves import end_links
from metering.services.subjects import SubjectIsTaken
from tests.factories import START, BatchFactory, SubjectFactory, SubjectLinkFactory

pytestmark = pytest.mark.django_db
LATER = START + timedelta(days=10)


def _customer(key, *subject_keys, at=START):
    return create_customer(name=key, key=key, subject_keys=subject_keys, at=at)


def _spans(customer):
    links = SubjectLink.objects.known_at(None).filter(customer=customer)
    return set(links.values_list("subject__key", "from_at", "to_at"))


def test_it_counts_a_subject_once_that_is_the_key_too():
    assert _spans(_customer("acme", "acme")) == {("acme", None, None)}


def test_it_takes_over_a_subject_from_the_end_of_its_former_owner():
    first = _customer("acme", "device")
    change_customer(customer_id=first.pk, subject_keys=[], at=LATER)
    second = _customer("globex", "device", at=LATER + timedelta(days=1))
    assert _spans(first) == {("acme", None, None), ("device", None, LATER)}
    assert _spans(second) == {("globex", None, None), ("device", LATER, None)}


def test_it_reaches_back_over_all_time_where_nobody_had_the_subject():
    SubjectFactory(key="device")
    assert ("device", None, None) in _spans(_customer("acme", "device", at=LATER))


def test_it_knows_links_as_they_stood_at_an_earlier_batch():
    customer = _customer("acme", "device")
    bound = SubjectLink.objects.latest("pk").made_batch_id
    change_customer(customer_id=customer.pk, subject_keys=[], at=LATER)
    then = SubjectLink.objects.known_at(bound).filter(customer=customer)
    assert set(then.values_list("subject__key", "to_at")) == {("acme", None), ("device", None)}


def test_it_makes_no_batch_where_no_link_changes():
    customer = _customer("acme", "device")
    made = SubjectLink.objects.latest("pk").made_batch_id
    change_customer(customer_id=customer.pk, name="Acme Ltd", subject_keys=["device"], at=LATER)
    assert BatchFactory().pk == made + 1


def test_it_makes_one_batch_for_all_links_of_a_call():
    customer = _customer("acme", "a", "b")
    change_customer(customer_id=customer.pk, subject_keys=["b", "c", "d"], at=LATER)
    assert set(SubjectLink.objects.values_list("made_batch", "ended_batch").distinct()) == {
        (customer.subject_links.earliest("pk").made_batch_id, None),
        (
            customer.subject_links.earliest("pk").made_batch_id,
            customer.subject_links.latest("pk").made_batch_id,
        ),
        (customer.subject_links.latest("pk").made_batch_id, None),
    }


def test_it_moves_the_link_of_the_key_with_the_key():
    customer = _customer("acme", "device")
    change_customer(customer_id=customer.pk, key="acme2", at=LATER)
    assert _spans(customer) == {("acme", None, LATER), ("acme2", None, None), ("device", None, None)}


def test_it_refuses_to_take_the_last_subject_away():
    customer = create_customer(name="Acme", subject_keys=["device"], at=START)
    with pytest.raises(CustomerNeedsSubject):
        change_customer(customer_id=customer.pk, subject_keys=[], at=LATER)
    assert _spans(customer) == {("device", None, None)}


def test_it_links_a_subject_from_a_time_on():
    customer = _customer("acme")
    link = link_subject(customer_id=customer.pk, subject_key="device", from_at=LATER, at=START)
    assert (link.subject.key, link.from_at, link.to_at) == ("device", LATER, None)


@pytest.mark.parametrize(
    ("owner", "says"), [("acme", "this customer already"), ("globex", r"customer globex \(globex\)")]
)
def test_it_refuses_to_link_a_subject_that_is_taken(owner, says):
    customers = {"acme": _customer("acme"), "globex": _customer("globex")}
    link_subject(customer_id=customers[owner].pk, subject_key="device", at=START)
    with pytest.raises(SubjectIsTaken, match=says):
        link_subject(customer_id=customers["acme"].pk, subject_key="device", at=LATER)


def test_it_refuses_to_reach_back_into_another_customers_time():
    old = SubjectLinkFactory(subject__key="device", to_at=LATER)
    customer = _customer("acme")
    with pytest.raises(SubjectIsTaken, match="belonged to a customer until"):
        link_subject(customer_id=customer.pk, subject_key="device", from_at=LATER - timedelta(days=1), at=LATER)
    assert _spans(old.customer) == {("device", None, LATER)}


@pytest.mark.parametrize("keys", [[], ["device"]])
def test_it_leaves_a_link_alone_that_begins_later(keys):
    customer = _customer("acme")
    link_subject(customer_id=customer.pk, subject_key="device", from_at=LATER, at=START)
    change_customer(customer_id=customer.pk, subject_keys=keys, at=START)
    assert _spans(customer) == {("acme", None, None), ("device", LATER, None)}
    change_customer(customer_id=customer.pk, subject_keys=[], at=LATER + timedelta(days=1))
    assert _spans(customer) == {("acme", None, None), ("device", LATER, LATER + timedelta(days=1))}


def test_it_ends_the_links_of_a_deleted_customer():
    customer = _customer("acme", "device")
    day = timedelta(days=1)
    link_subject(customer_id=customer.pk, subject_key="begins later", from_at=LATER + day, at=START)
    end_links(subject_key="device", from_at=LATER + day, reason="Sold", at=START)
    delete_customer(customer_id=customer.pk, at=LATER)
    assert _spans(customer) == {("acme", None, LATER), ("device", None, LATER)}


def test_it_invites_a_person_once_and_by_one_spelling():
    customer, other = _customer("acme"), _customer("globex")
    first = invite_member(customer_id=customer.pk, email="AP@Acme.example", at=START)
    again = invite_member(customer_id=customer.pk, email="ap@acme.example", at=LATER)
    elsewhere = invite_member(customer_id=other.pk, email="ap@acme.example", at=LATER)
    assert (first.pk, first.user) == (again.pk, elsewhere.user)
    user = User.objects.get()
    assert (user.email, user.has_usable_password(), user.is_staff) == ("ap@acme.example", False, False)


def test_it_invites_a_new_primary_address():
    customer = create_customer(name="Acme", key="acme", primary_email="a@acme.example", at=START)
    change_customer(customer_id=customer.pk, primary_email="b@acme.example", at=LATER)
    assert set(customer.members.values_list("user__email", flat=True)) == {"a@acme.example", "b@acme.example"}
