import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory

from metering.history import HistoryMiddleware, actor, changes_of
from metering.models import Customer, Subject, User
from metering.services.api_keys import create_api_key, revoke_api_key
from metering.services.customers import change_customer, create_customer
from tests.factories import START, CustomerFactory, SubjectLinkFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/customers"


def test_it_keeps_who_changed_what_over_the_api_and_why(api, api_key):
    made = api.post(URL, {"name": "Acme", "key": "acme"}, format="json").json()
    api.put(f"{URL}/acme", {"name": "Acme Ltd", "key": "acme"}, format="json", headers={"X-Reason": "New legal form"})
    change, creation = changes_of(Customer.objects.get())
    assert (change.actor, change.kind, change.label, change.reason) == ("tests", "api_key", "update", "New legal form")
    assert change.changed == {"name": ("Acme", "Acme Ltd")}
    assert (creation.actor, creation.label, creation.reason) == ("tests", "insert", f"POST {URL}")
    assert creation.changed["ulid"] == (None, made["id"])
    assert creation.at <= change.at
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT metadata->>'actor_id', metadata->>'url' FROM pghistory_context")
        assert set(cursor.fetchall()) == {(str(api_key.pk), URL), (str(api_key.pk), f"{URL}/acme")}


def test_it_keeps_everything_that_one_request_wrote_together(api):
    api.post(URL, {"name": "Acme", "key": "acme", "primaryEmail": "ap@acme.example"}, format="json")
    rows = [Customer.objects.get(), Subject.objects.get(), User.objects.get()]
    contexts = {row.pgh_event_model.objects.get(pgh_obj=row.pk).pgh_context_id for row in rows}
    assert len(contexts) == 1
    assert None not in contexts


def test_it_catches_what_goes_past_save():
    customers = [CustomerFactory(description="old"), CustomerFactory(description="old")]
    with actor(kind="system", name="clean-up", reason="Typo"):
        Customer.objects.filter(description="old").update(description="new")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE metering_customer SET name = 'Raw' WHERE id = %s", [customers[0].pk])
    raw, bulk, _ = changes_of(customers[0])
    assert (bulk.changed, bulk.actor) == ({"description": ("old", "new")}, "clean-up")
    assert (raw.changed["name"][1], raw.reason) == ("Raw", "Typo")
    assert [change.label for change in changes_of(customers[1])] == ["update", "insert"]


def test_it_keeps_the_last_version_of_a_deleted_row():
    subject = Subject.objects.create(key="x", key_hash="0" * 32, created_at=START, updated_at=START)
    pk = subject.pk
    with actor(kind="system", name="tests", reason="Gone"):
        subject.delete()
    subject.pk = pk
    assert [(change.label, change.reason) for change in changes_of(subject)] == [("delete", "Gone"), ("insert", "")]


def test_it_says_where_nobody_was_named():
    change = changes_of(CustomerFactory())[0]
    assert (change.actor, change.kind, change.reason) == ("not recorded", "", "")


def test_it_names_whoever_began():
    with (
        actor(kind="operator", name="ops@acme.example", reason="Close the month"),
        actor(kind="system", name="billing run", reason="as of 1 February"),
    ):
        customer = CustomerFactory()
    assert changes_of(customer)[0].actor == "ops@acme.example"


@pytest.mark.django_db(transaction=True)
def test_it_names_nobody_after_the_actor_is_done():
    with actor(kind="system", name="first", reason="one"):
        customer = CustomerFactory()
    customer.name = "Renamed"
    customer.save()
    with pytest.raises(ZeroDivisionError), actor(kind="system", name="second", reason="two"):
        change_customer(customer_id=customer.pk, description="Kept", at=START)
        raise ZeroDivisionError
    assert [change.actor for change in changes_of(customer)] == ["second", "not recorded", "first"]


def test_it_reads_the_history_in_one_query(django_assert_num_queries):
    customer = create_customer(name="Acme", key="acme", at=START)
    for number in range(3):
        change_customer(customer_id=customer.pk, description=str(number), at=START)
    with django_assert_num_queries(1):
        assert len(changes_of(customer)) == 4


def test_it_keeps_secrets_out_of_the_history():
    key, _ = create_api_key(name="shop", scopes=["ingest"], at=START)
    revoke_api_key(api_key_id=key.pk, at=START)
    revoked, made = changes_of(key)
    assert revoked.changed == {"revoked_at": (None, START)}
    assert "secret_hash" not in made.changed


# --- The console and the portal ------------------------------------------------------------------------------------


def _through_middleware(request, user):
    request.user = user
    made = []

    def view(request):
        made.append(CustomerFactory())
        return HttpResponse()

    HistoryMiddleware(view)(request)
    return changes_of(made[0])[0]


def test_it_names_the_operator_and_the_reason_in_the_form():
    operator = UserFactory(operator=True)
    request = RequestFactory().post("/admin/metering/customer/add/", {"change_reason": "  Signed contract "})
    change = _through_middleware(request, operator)
    assert (change.kind, change.actor, change.reason) == ("operator", operator.email, "Signed contract")


def test_it_takes_the_address_as_reason_where_none_is_given():
    member = UserFactory()
    change = _through_middleware(RequestFactory().post("/invoices/1/pay"), member)
    assert (change.kind, change.actor, change.reason) == ("member", member.email, "POST /invoices/1/pay")


def test_it_names_a_visitor_who_is_not_signed_in():
    change = _through_middleware(RequestFactory().post("/accounts/signup/"), AnonymousUser())
    assert (change.kind, change.actor) == ("visitor", "not signed in")


@pytest.mark.parametrize("request_", [RequestFactory().get("/admin/"), RequestFactory().post("/api/v1/customers")])
def test_it_leaves_reading_and_the_api_alone(request_):
    assert _through_middleware(request_, UserFactory()).actor == "not recorded"


@pytest.mark.parametrize(
    "statement", ["UPDATE metering_customerevent SET name = 'Other'", "DELETE FROM metering_customerevent"]
)
def test_it_lets_nobody_rewrite_what_happened(statement):
    CustomerFactory(name="Acme")
    with pytest.raises(DatabaseError, match="append_only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Customer.objects.get().pgh_event_model.objects.get().name == "Acme"


def test_it_finds_no_clash_between_links_of_two_subjects():
    first, second = SubjectLinkFactory(), SubjectLinkFactory()
    first.full_clean()
    second.subject = first.subject
    with pytest.raises(ValidationError, match="belongs to another customer"):
        second.full_clean()
