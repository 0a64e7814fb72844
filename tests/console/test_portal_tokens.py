"""Portal tokens in the console: what they show, and how one is invalidated."""

import pytest
from django.urls import reverse

from metering.models import PortalToken
from tests.factories import START, PortalTokenFactory

pytestmark = pytest.mark.django_db


def test_it_shows_tokens_with_their_state_and_never_the_secret(console):
    usable = PortalTokenFactory(subject="acme", allowed_meters=["tokens"])
    PortalTokenFactory(subject="globex", expires_at=START)
    PortalTokenFactory(subject="initech", invalidated_at=START)
    page = console.get(reverse("admin:metering_portaltoken_changelist")).content.decode()
    for text in ("acme", "globex", "initech", "Usable", "Expired", "Invalidated", "tokens", "All"):
        assert text in page
    filtered = console.get(reverse("admin:metering_portaltoken_changelist"), {"usable": "yes"}).content.decode()
    assert ("acme" in filtered, "globex" in filtered, "initech" in filtered) == (True, False, False)
    detail = console.get(reverse("admin:metering_portaltoken_change", args=(usable.pk,))).content.decode()
    assert bytes(usable.secret_hash).hex() not in detail


def test_it_invalidates_a_token_and_keeps_who_did_it_and_why(console):
    token, _ = PortalTokenFactory(), PortalTokenFactory()
    url = reverse("admin:metering_portaltoken_invalidate_action", args=(token.pk,))
    assert "ask for a new one" in console.get(url).content.decode()
    assert PortalToken.objects.get(pk=token.pk).invalidated_at is None
    page = console.post(url, {"change_reason": "It leaked"}, follow=True)
    assert "is invalidated" in page.content.decode()
    assert [found.invalidated_at is None for found in PortalToken.objects.order_by("pk")] == [False, True]
    assert "It leaked" in console.get(reverse("admin:metering_portaltoken_history", args=(token.pk,))).content.decode()
