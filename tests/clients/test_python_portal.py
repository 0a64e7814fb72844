"""Portal tokens and what a browser reads with one, by OpenMeter's Python SDK."""

import pytest
from corehttp.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from openmeter import Client
from openmeter.models import PortalToken

from tests.clients.sdk import JANUARY, make_event, make_meter


@pytest.fixture
def browser(live_billing):
    """Make a client that has nothing but a portal token."""
    made = []

    def make(token):
        made.append(Client(endpoint=live_billing.url, token=token, retry_total=0))
        return made[-1].portal.portal_meters

    yield make
    for client in made:
        client.close()


def test_it_reads_the_usage_of_one_subject_with_a_token(client, browser, name):
    make_meter(client, name)
    client.events.ingest_events([make_event(name, 5, subject=name), make_event(name, 7, subject="another")])
    token = client.portal.portal_tokens.create(PortalToken(subject=name, allowed_meter_slugs=[name]))
    assert isinstance(token, PortalToken)
    assert (token.subject, token.allowed_meter_slugs, bool(token.token)) == (name, [name], True)
    assert token.expires_at > token.created_at
    usage = browser(token.token).query_json(name, **JANUARY, window_size="DAY", group_by=["model"])
    assert [(row.subject, row.group_by["model"], row.value) for row in usage.data] == [(name, "large", 5)]
    text = browser(token.token).query_csv(name, **JANUARY)
    assert text.splitlines()[0].startswith("window_start,window_end")


def test_it_lists_tokens_without_their_secret_and_invalidates_them(client, browser, name):
    make_meter(client, name)
    tokens = client.portal.portal_tokens
    first, second = (tokens.create(PortalToken(subject=name)) for _ in range(2))
    listed = {token.id: token for token in tokens.list() if token.subject == name}
    assert set(listed) == {first.id, second.id}
    assert [(token.token, token.expired) for token in listed.values()] == [(None, False)] * 2
    tokens.invalidate(id=first.id)
    with pytest.raises(ClientAuthenticationError):
        browser(first.token).query_json(name)
    assert browser(second.token).query_json(name).data == []
    tokens.invalidate(subject=name)
    with pytest.raises(ClientAuthenticationError):
        browser(second.token).query_json(name)


def test_it_refuses_other_meters_and_other_keys(client, browser, live_billing, name):
    make_meter(client, name)
    make_meter(client, f"{name}_other")
    token = client.portal.portal_tokens.create(PortalToken(subject=name, allowed_meter_slugs=[name]))
    for secret, slug in [(token.token, f"{name}_other"), ("wrong", name)]:
        with pytest.raises(ClientAuthenticationError):
            browser(secret).query_json(slug)
    with (
        Client(endpoint=live_billing.url, token=token.token, retry_total=0) as stranger,
        pytest.raises(ClientAuthenticationError),
    ):
        stranger.meters.query_json(name)


def test_it_refuses_a_token_for_no_meter_or_an_unknown_one(client, name):
    with pytest.raises(HttpResponseError) as refused:
        client.portal.portal_tokens.create(PortalToken(subject=name, allowed_meter_slugs=[]))
    assert refused.value.status_code == 400
    with pytest.raises(ResourceNotFoundError):
        client.portal.portal_tokens.create(PortalToken(subject=name, allowed_meter_slugs=[name]))
