from datetime import timedelta

import pytest
import time_machine

from metering.authentication import (
    ANYONE_ON_THIS_MACHINE,
    NotAllowed,
    NotAuthenticated,
    authenticate_header,
    forget_api_keys,
)
from metering.models import ApiKey, Scope
from metering.services.api_keys import create_api_key, revoke_api_key
from tests.factories import START, ApiKeyFactory

LOCAL = "127.0.0.1"


def _key(**kwargs):
    key, secret = create_api_key(name="shop", scopes=["ingest"], at=START, **kwargs)
    return key, f"Bearer {secret}"


@pytest.mark.django_db
def test_it_names_the_key_behind_a_header():
    key, header = _key()
    principal = authenticate_header(header, remote_addr=LOCAL)
    assert (principal.api_key_id, principal.name, principal.scopes) == (key.pk, "shop", frozenset({"ingest"}))
    assert authenticate_header(header.replace("Bearer", "bearer"), remote_addr=LOCAL) == principal


@pytest.mark.django_db
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer  ", "Basic eDp5", "Bearer bil_wrong", "Bearer \x00"])
def test_it_refuses_a_header_without_a_known_key(header):
    with pytest.raises(NotAuthenticated):
        authenticate_header(header, remote_addr=LOCAL)


@pytest.mark.django_db
def test_it_looks_a_key_up_once_in_a_few_seconds(django_assert_num_queries):
    _, header = _key()
    with time_machine.travel(START, tick=False):
        authenticate_header(header, remote_addr=LOCAL)
        with django_assert_num_queries(0):
            authenticate_header(header, remote_addr=LOCAL)


@pytest.mark.django_db
def test_it_costs_one_look_up_to_refuse_a_key(django_assert_num_queries):
    for header in ["Bearer bil_wrong", "Bearer " + "x" * 10_000]:
        with django_assert_num_queries(1), pytest.raises(NotAuthenticated):
            authenticate_header(header, remote_addr=LOCAL)


@pytest.mark.django_db
def test_it_refuses_a_revoked_key_once_it_is_forgotten():
    key, header = _key()
    authenticate_header(header, remote_addr=LOCAL)
    revoke_api_key(api_key_id=key.pk, at=START)
    forget_api_keys()
    with pytest.raises(NotAuthenticated):
        authenticate_header(header, remote_addr=LOCAL)


@pytest.mark.django_db
def test_it_refuses_a_key_from_the_moment_it_expires_even_while_remembered():
    _, header = _key(expires_at=START + timedelta(seconds=1))
    with time_machine.travel(START, tick=False) as traveller:
        authenticate_header(header, remote_addr=LOCAL)
        traveller.shift(1)
        with pytest.raises(NotAuthenticated):
            authenticate_header(header, remote_addr=LOCAL)


@pytest.mark.django_db
def test_it_notes_the_last_use_at_most_once_a_minute():
    key, header = _key()
    uses = []
    with time_machine.travel(START, tick=False) as traveller:
        for seconds in [0, 59, 1]:
            traveller.shift(seconds)
            forget_api_keys()
            authenticate_header(header, remote_addr=LOCAL)
            key.refresh_from_db()
            uses.append(key.last_used_at)
    assert uses == [START, START, START + timedelta(seconds=60)]
    assert key.pgh_event_model.objects.filter(pgh_obj=key.pk).count() == 1  # the insert alone


@pytest.mark.django_db
def test_it_forgets_old_keys_rather_than_remember_too_many(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("metering.authentication._REMEMBERED_KEYS", 2)
    headers = [_key()[1] for _ in range(3)]
    with time_machine.travel(START, tick=False):
        for header in headers:
            authenticate_header(header, remote_addr=LOCAL)
        with django_assert_num_queries(0):
            authenticate_header(headers[2], remote_addr=LOCAL)
        with django_assert_num_queries(1):
            authenticate_header(headers[0], remote_addr=LOCAL)


@pytest.mark.parametrize("remote_addr", ["127.0.0.1", "127.8.9.10", "::1"])
def test_it_lets_anyone_on_this_machine_in_where_authentication_is_off(settings, remote_addr):
    settings.API_AUTH = "off"
    assert authenticate_header(None, remote_addr=remote_addr) is ANYONE_ON_THIS_MACHINE
    assert all(ANYONE_ON_THIS_MACHINE.allows(scope) for scope in Scope.values)


@pytest.mark.parametrize("remote_addr", ["10.0.0.1", "192.0.2.1", "", "localhost", "::ffff:10.0.0.1"])
def test_it_refuses_other_machines_where_authentication_is_off(settings, remote_addr):
    settings.API_AUTH = "off"
    with pytest.raises(NotAuthenticated, match="only this machine"):
        authenticate_header(None, remote_addr=remote_addr)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("held", "asked", "allowed"),
    [
        (["ingest"], "ingest", True),
        (["ingest"], "read", False),
        (["read"], "write", False),
        (["read", "write"], "write", True),
        (["admin"], "ingest", True),
    ],
)
def test_it_asks_for_a_scope(held, asked, allowed):
    ApiKeyFactory(secret="bil_scoped", scopes=held)
    principal = authenticate_header("Bearer bil_scoped", remote_addr=LOCAL)
    assert principal.allows(asked) is allowed
    if not allowed:
        with pytest.raises(NotAllowed, match=f"lacks the scope {asked}"):
            principal.require(asked)


@pytest.mark.django_db
def test_it_stores_no_secret():
    _, header = _key()
    secret = header.removeprefix("Bearer ")
    assert secret not in str(ApiKey.objects.values())
