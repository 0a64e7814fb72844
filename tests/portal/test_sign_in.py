import re

import pytest
from django.core import mail
from django.urls import reverse

from tests.factories import MemberFactory, UserFactory

ASK = "/accounts/login/code/"
CONFIRM = "/accounts/login/code/confirm/"


@pytest.fixture
def user(db):
    return MemberFactory(user__email="billing@acme.example").user


def test_it_signs_a_member_in_by_the_code_in_the_mail(client, user):
    response = client.post(ASK, {"email": "Billing@acme.example"})
    assert response.headers["Location"] == CONFIRM
    response = client.post(CONFIRM, {"code": _code(mail.outbox[0])})
    assert response.headers["Location"] == "/"
    assert client.session["_auth_user_id"] == str(user.pk)


def test_it_takes_the_code_in_small_letters_and_without_the_dash(client, user):
    client.post(ASK, {"email": user.email})
    client.post(CONFIRM, {"code": _code(mail.outbox[0]).replace("-", "").lower()})
    assert client.session["_auth_user_id"] == str(user.pk)


def test_it_sends_a_short_mail_with_the_code_on_a_line_of_its_own(client, user, settings):
    settings.SITE_NAME = "Acme & Sons"
    client.post(ASK, {"email": user.email})
    message = mail.outbox[0]
    assert message.to == ["billing@acme.example"]
    assert message.subject == "Your sign-in code for Acme & Sons"
    assert re.fullmatch(r"[B-Z]{4}-[B-Z]{4}", message.body.splitlines()[2])
    assert len(message.body.splitlines()) == 8


def test_it_answers_an_unknown_address_like_a_known_one_and_sends_nothing(client, user):
    known = client.post(ASK, {"email": user.email})
    assert len(mail.outbox) == 1
    client.cookies.clear()
    unknown = client.post(ASK, {"email": "nobody@acme.example"})
    assert len(mail.outbox) == 1
    assert (unknown.status_code, unknown.headers["Location"]) == (known.status_code, known.headers["Location"])
    page = client.get(CONFIRM)
    assert "If <strong>nobody@acme.example</strong> may sign in, a code is on its way." in page.content.decode()


def test_it_sends_nothing_to_somebody_who_was_switched_off(client, db):
    user = UserFactory(is_active=False)
    client.post(ASK, {"email": user.email})
    assert mail.outbox == []


def test_it_refuses_a_wrong_code_and_gives_up_after_three(client, user):
    client.post(ASK, {"email": user.email})
    response = client.post(CONFIRM, {"code": "AAAA-AAAA"})
    assert "This is not the code of the newest mail." in response.content.decode()
    client.post(CONFIRM, {"code": "AAAA-AAAA"})
    response = client.post(CONFIRM, {"code": "AAAA-AAAA"}, follow=True)
    assert "Too many attempts." in response.content.decode()
    assert client.post(CONFIRM, {"code": _code(mail.outbox[0])}).headers["Location"] == ASK
    assert "_auth_user_id" not in client.session


def test_it_sends_another_code_that_replaces_the_first(client, user):
    client.post(ASK, {"email": user.email})
    response = client.post(CONFIRM, {"action": "resend"}, follow=True)
    assert "Another code is on its way." in response.content.decode()
    first, second = (_code(message) for message in mail.outbox)
    client.post(CONFIRM, {"code": first})
    assert "_auth_user_id" not in client.session
    client.post(CONFIRM, {"code": second})
    assert client.session["_auth_user_id"] == str(user.pk)


def test_it_sends_three_codes_a_minute_to_an_address_at_most(client, user):
    for _ in range(4):
        client.cookies.clear()
        response = client.post(ASK, {"email": user.email})
    assert len(mail.outbox) == 3
    assert "Too many attempts." in response.content.decode()


def test_it_returns_to_the_page_that_was_asked_for(client, user):
    response = client.get("/plan/")
    assert response.headers["Location"] == f"{ASK}?next=/plan/"
    client.post(ASK, {"email": user.email, "next": "/plan/"})
    response = client.post(CONFIRM, {"code": _code(mail.outbox[0]), "next": "/plan/"})
    assert response.headers["Location"] == "/plan/"


def test_it_never_returns_to_another_site(client, user):
    client.post(ASK, {"email": user.email})
    response = client.post(CONFIRM, {"code": _code(mail.outbox[0]), "next": "https://evil.example/"})
    assert response.headers["Location"] == "/"


def test_it_signs_out_on_a_post_alone(client, user):
    client.force_login(user)
    assert "Sign out?" in client.get(reverse("account_logout")).content.decode()
    assert "_auth_user_id" in client.session
    assert client.post(reverse("account_logout")).headers["Location"] == ASK
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"])
def test_it_has_no_sign_up_and_no_passwords(client, db, path):
    assert client.get(path).status_code == 404


def _code(message):
    return message.body.splitlines()[2]
