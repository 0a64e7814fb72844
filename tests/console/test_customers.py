"""Operators make and change customers by form; the services decide."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from metering.history import changes_of
from metering.models import Batch, Customer, Member, Subject, SubjectLink, TestClock
from tests import factories
from tests.factories import CustomerFactory, EventFactory, MeterVersionFactory, SubjectLinkFactory

ADD = reverse("admin:metering_customer_add")


def customer_form(**changes):
    empty = {
        "name": "Acme",
        "key": "acme",
        "subject_keys": "",
        "primary_email": "",
        "currency": "",
        "time_zone": "",
        "test_clock": "",
        "description": "",
        "metadata": "",
        "change_reason": "",
    }
    address = {f"address_{part}": "" for part in ("line1", "line2", "postalCode", "city", "state", "country")}
    return empty | address | changes


def test_it_makes_a_customer_with_subjects_and_a_member(console):
    clock = factories.TestClockFactory(now_at=datetime(2026, 5, 1, tzinfo=UTC))
    page = console.post(
        ADD,
        customer_form(
            subject_keys="acme-prod\n\n acme-test \nacme-prod",
            primary_email="billing@acme.example",
            currency="EUR",
            time_zone="Europe/Paris",
            test_clock=clock.pk,
            metadata="region = eu\ntier = gold = 1",
            address_city="Lyon",
            address_country="FR",
            change_reason="Contract 17",
        ),
    )
    assert page.status_code == 302
    customer = Customer.objects.get(key="acme")
    assert (customer.name, customer.currency, customer.time_zone, customer.test_clock) == (
        "Acme",
        "EUR",
        "Europe/Paris",
        clock,
    )
    assert customer.billing_address == {"city": "Lyon", "country": "FR"}
    assert customer.metadata == {"region": "eu", "tier": "gold = 1"}
    assert set(Subject.objects.values_list("key", flat=True)) == {"acme", "acme-prod", "acme-test"}
    assert Member.objects.get(customer=customer).user.email == "billing@acme.example"


def test_it_records_who_changed_what_and_why(console):
    customer = CustomerFactory(key="acme", name="Acme", billing_address={"city": "Lyon", "phoneNumber": "1"})
    SubjectLinkFactory(customer=customer, subject__key="acme")
    form = customer_form(
        name="Acme Robotics", address_city="Lyon", address_country="FR", change_reason="Renamed itself"
    )
    assert console.post(reverse("admin:metering_customer_change", args=(customer.pk,)), form).status_code == 302
    change = changes_of(Customer.objects.get(pk=customer.pk))[0]
    assert (change.actor, change.reason, change.kind) == ("operator@billing.example", "Renamed itself", "operator")
    assert change.changed == {
        "name": ("Acme", "Acme Robotics"),
        "billing_address": (
            {"city": "Lyon", "phoneNumber": "1"},
            {"city": "Lyon", "country": "FR", "phoneNumber": "1"},
        ),
    }
    history = console.get(reverse("admin:metering_customer_history", args=(customer.pk,))).content.decode()
    for text in ("Renamed itself", "operator@billing.example", "Acme Robotics"):
        assert text in history


def test_it_changes_nothing_when_a_form_is_saved_as_it_was(console):
    customer = CustomerFactory(key="acme", name="Acme", metadata={"region": "eu"})
    form = customer_form(metadata="region = eu")
    assert console.post(reverse("admin:metering_customer_change", args=(customer.pk,)), form).status_code == 302
    assert len(changes_of(customer)) == 1


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"key": ""}, "key", "Give the customer a key or at least one subject key, so that usage can be theirs."),
        ({"key": "taken"}, "key", "Another customer has the key taken already. Choose another key."),
        ({"subject_keys": "theirs"}, "subject_keys", "Subject theirs belongs to customer"),
        ({"address_country": "France"}, "address_country", "Write the country as two capital letters, such as DE."),
        ({"metadata": "region"}, "metadata", "Write each line as name = value"),
        ({"metadata": "a = 1\na = 2"}, "metadata", "is there twice"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "Select a valid choice"),
    ],
)
def test_it_says_beside_the_field_what_is_wrong_and_stores_nothing(console, changes, field, message):
    SubjectLinkFactory(customer__key="taken", subject__key="theirs")
    before = (Customer.objects.count(), SubjectLink.objects.count(), Batch.objects.count())
    page = console.post(ADD, customer_form(**changes))
    assert page.status_code == 200
    errors = page.context["adminform"].form.errors
    assert list(errors) == [field]
    assert message in errors[field][0]
    assert (Customer.objects.count(), SubjectLink.objects.count(), Batch.objects.count()) == before


def test_it_adds_a_subject_from_a_time_on(console):
    customer = CustomerFactory()
    url = reverse("admin:metering_customer_link_subject_action", args=(customer.pk,))
    assert console.get(url).status_code == 200
    form = {"subject_key": "new", "from_at_0": "2026-03-01", "from_at_1": "00:00:00", "change_reason": "Took it over"}
    assert console.post(url, form)["Location"] == reverse("admin:metering_customer_change", args=(customer.pk,))
    link = SubjectLink.objects.get(customer=customer)
    assert (link.subject.key, link.from_at) == ("new", datetime(2026, 3, 1, tzinfo=UTC))
    assert changes_of(link)[0].reason == "Took it over"


def test_it_refuses_a_subject_of_another_customer(console):
    SubjectLinkFactory(subject__key="theirs")
    customer = CustomerFactory()
    url = reverse("admin:metering_customer_link_subject_action", args=(customer.pk,))
    page = console.post(url, {"subject_key": "theirs", "from_at_0": "", "from_at_1": ""})
    assert page.status_code == 200
    assert "Subject theirs belongs to customer" in page.content.decode()
    assert not customer.subject_links.exists()


def test_it_invites_to_the_portal(console):
    customer = CustomerFactory()
    url = reverse("admin:metering_customer_invite_action", args=(customer.pk,))
    assert console.post(url, {"email": "cfo@acme.example"}).status_code == 302
    assert customer.members.get().user.email == "cfo@acme.example"


def test_it_shows_usage_by_day(console):
    customer = CustomerFactory(test_clock=factories.TestClockFactory(now_at=datetime(2026, 1, 10, 12, tzinfo=UTC)))
    version = MeterVersionFactory(meter__slug="tokens")
    SubjectLinkFactory(customer=customer, subject__key="acme")
    for day, tokens in ((2, 10), (2, 15), (9, 5)):
        EventFactory(subject="acme", time=datetime(2026, 1, day, 8, tzinfo=UTC), data={"tokens": tokens, "model": "a"})
    url = reverse("admin:metering_customer_usage_action", args=(customer.pk,))
    page = console.get(url, {"meter": version.meter.pk, "days": "31"})
    days = {str(day.day): (day.quantity, day.share) for day in page.context["days"] if day.quantity != "0"}
    # 2 January: 10 + 15, the busiest day; 9 January: 5 of 25 are 20 hundredths.
    assert days == {"2026-01-02": ("25", 100), "2026-01-09": ("5", 20)}
    assert len(page.context["days"]) == 31
    assert page.context["facts"][0] == ("Total", "30")


def test_it_makes_and_moves_test_clocks_forward_only(console):
    page = console.post(
        reverse("admin:metering_testclock_add"),
        {"name": "Try-out", "now_at_0": "2026-01-01", "now_at_1": "00:00:00", "change_reason": ""},
    )
    assert page.status_code == 302
    clock = TestClock.objects.get()
    url = reverse("admin:metering_testclock_move_action", args=(clock.pk,))
    assert console.post(url, {"to_0": "2026-02-01", "to_1": "00:00:00"}).status_code == 302
    assert TestClock.objects.get().now_at == datetime(2026, 2, 1, tzinfo=UTC)
    page = console.post(url, {"to_0": "2026-01-15", "to_1": "00:00:00"})
    assert "Choose a later time." in page.content.decode()
    assert TestClock.objects.get().now_at == datetime(2026, 2, 1, tzinfo=UTC)


def test_it_leaves_what_its_inputs_cannot_show(console):
    metadata = {"note": "two\nlines = here", "region": "eu"}
    customer = CustomerFactory(key="acme", metadata=metadata, time_zone="EST5EDT")
    SubjectLinkFactory(customer=customer, subject__key="acme")
    url = reverse("admin:metering_customer_change", args=(customer.pk,))
    assert console.get(url).context["adminform"].form.fields["metadata"].disabled
    form = customer_form(name="Acme Two", time_zone="EST5EDT", metadata="note = two")
    assert console.post(url, form).status_code == 302
    customer.refresh_from_db()
    assert (customer.name, customer.time_zone, customer.metadata) == ("Acme Two", "EST5EDT", metadata)
