import pytest
from pytest_django.asserts import assertRedirects

from metering.models import Customer
from tests.factories import CustomerFactory, MemberFactory, UserFactory

PAGES = ["/", "/invoices/", "/plan/"]


@pytest.fixture
def member(client, db):
    member = MemberFactory(customer__name="Acme Ltd")
    client.force_login(member.user)
    return member


@pytest.mark.parametrize("page", PAGES)
def test_it_sends_a_visitor_to_sign_in(client, db, page):
    assert client.get(page).headers["Location"] == f"/accounts/login/code/?next={page}"


def test_it_sends_a_polling_page_to_sign_in_as_a_whole(client, db):
    response = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/plan/?a=b"})
    assert response.status_code == 200
    assert response.headers["HX-Redirect"] == "/accounts/login/code/?next=/plan/%3Fa%3Db"
    assert response.content == b""


@pytest.mark.parametrize("page", PAGES)
def test_it_shows_a_member_the_pages_of_the_customer(client, member, page):
    response = client.get(page)
    assert response.status_code == 200
    assert "Acme Ltd" in response.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_it_lets_no_cache_keep_a_page(client, member, page):
    assert set(client.get(page).headers["Cache-Control"].split(", ")) == {"private", "no-store"}


@pytest.mark.parametrize("page", PAGES)
def test_it_tells_somebody_without_membership_plainly(client, db, page):
    user = UserFactory()
    client.force_login(user)
    response = client.get(page)
    assert response.status_code == 403
    assert "no company has given you access" in response.content.decode()


def test_it_sends_an_operator_who_is_no_member_to_the_console(client, db):
    client.force_login(UserFactory(operator=True))
    assertRedirects(client.get("/"), "/admin/", fetch_redirect_response=False)


def test_it_lets_a_member_of_two_customers_choose(client, member):
    MemberFactory(user=member.user, customer__name="Beta Ltd")
    assert client.get("/").headers["Location"] == "/customers/"
    page = client.get("/customers/").content.decode()
    assert "Acme Ltd" in page
    assert "Beta Ltd" in page
    beta = Customer.objects.get(name="Beta Ltd")
    assert client.post("/customers/", {"customer": beta.ulid}).headers["Location"] == "/"
    page = client.get("/").content.decode()
    assert "Beta Ltd" in page
    assert "Acme Ltd" not in page
    assert "Switch account" in page


def test_it_refuses_to_open_a_customer_of_others(client, member):
    MemberFactory(user=member.user, customer__name="Beta Ltd")
    other = CustomerFactory()
    assert client.post("/customers/", {"customer": other.ulid}).status_code == 404
    assert client.get("/").headers["Location"] == "/customers/"


def test_it_closes_the_pages_to_somebody_who_is_no_member_any_more(client, member):
    assert client.get("/").status_code == 200
    member.delete()
    assert client.get("/").status_code == 403


def test_it_closes_the_pages_of_a_deleted_customer(client, member):
    Customer.objects.update(deleted_at="2026-01-02T00:00Z")
    assert client.get("/").status_code == 403
