from django.test import Client

from tests.factories import MemberFactory


def test_it_answers_an_unknown_address_with_our_page(client, db):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing at this address." in response.content.decode()


def test_it_answers_a_crash_with_our_page(client, db, monkeypatch):
    client.force_login(MemberFactory().user)
    client.raise_request_exception = False
    monkeypatch.setattr("portal.access.customers_of", lambda request: 1 / 0)
    response = client.get("/")
    assert response.status_code == 500
    assert "The error is on our side and has been recorded." in response.content.decode()


def test_it_answers_a_form_without_its_token_with_our_page(db):
    response = Client(enforce_csrf_checks=True).post("/accounts/login/code/", {"email": "a@acme.example"})
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


def test_it_forbids_inline_script_and_style(client, db):
    response = client.get("/accounts/login/code/")
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    page = response.content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page
