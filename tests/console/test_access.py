"""API keys, operators with fewer rights, and the search field."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.urls import reverse

from metering import clock
from metering.history import changes_of
from metering.models import ApiKey
from metering.services.api_keys import hash_secret
from tests.factories import ApiKeyFactory, CustomerFactory, UserFactory


def test_it_shows_the_secret_of_a_new_key_once(console):
    form = {"name": "Gateway", "scopes": ["ingest", "read"], "expires_at_0": "", "expires_at_1": ""}
    page = console.post(reverse("admin:metering_apikey_add"), form | {"change_reason": "For the gateway"})
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    secret = page.context["secret"]
    key = ApiKey.objects.get()
    assert (key.name, key.scopes, bytes(key.secret_hash)) == ("Gateway", ["ingest", "read"], hash_secret(secret))
    assert secret in page.content.decode()
    assert secret not in console.get(reverse("admin:metering_apikey_change", args=(key.pk,))).content.decode()
    assert changes_of(key)[0].reason == "For the gateway"


def test_it_needs_a_scope(console):
    page = console.post(reverse("admin:metering_apikey_add"), {"name": "Gateway"})
    assert list(page.context["adminform"].form.errors) == ["scopes"]
    assert not ApiKey.objects.exists()


def test_it_revokes_a_key(console):
    key = ApiKeyFactory()
    url = reverse("admin:metering_apikey_revoke_action", args=(key.pk,))
    assert console.get(url).status_code == 200
    assert ApiKey.objects.usable(clock.now()).filter(pk=key.pk).exists()
    assert console.post(url, {"change_reason": "Leaked"}).status_code == 302
    assert not ApiKey.objects.usable(clock.now()).filter(pk=key.pk).exists()
    assert changes_of(key)[0].reason == "Leaked"


def test_it_filters_keys_by_whether_they_work(console):
    ApiKeyFactory(name="works")
    ApiKeyFactory(name="expired", expires_at=clock.now() - timedelta(days=1))
    url = reverse("admin:metering_apikey_changelist")
    for state, name in (("yes", "works"), ("no", "expired")):
        rows = console.get(url, {"usable": state}).context["cl"].result_list
        assert [row.name for row in rows] == [name]


def test_it_lets_an_operator_who_may_only_look_change_nothing(client, db):
    reader = UserFactory(is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__in=("view_customer", "view_apikey")))
    client.force_login(reader)
    customer, key = CustomerFactory(name="Acme"), ApiKeyFactory()
    assert client.get(reverse("admin:metering_customer_changelist")).status_code == 200
    page = client.get(reverse("admin:metering_customer_change", args=(customer.pk,)))
    assert page.status_code == 200
    assert "change_reason" not in page.content.decode()
    assert client.post(reverse("admin:metering_customer_change", args=(customer.pk,)), {"name": "X"}).status_code == 403
    assert client.post(reverse("admin:metering_apikey_revoke_action", args=(key.pk,)), {}).status_code == 403
    assert client.get(reverse("admin:invoicing_invoice_changelist")).status_code == 403
    customer.refresh_from_db()
    key.refresh_from_db()
    assert (customer.name, key.revoked_at) == ("Acme", None)


def test_it_finds_customers_from_anywhere(console):
    cache.clear()
    customer = CustomerFactory(name="Acme Robotics")
    page = console.get(reverse("admin:search"), {"s": "robot", "extended": "1"}).content.decode()
    assert "Acme Robotics" in page
    assert reverse("admin:metering_customer_change", args=(customer.pk,)) in page


def test_it_adds_an_operator_with_a_role(console):
    role = Group.objects.create(name="Support")
    member = UserFactory(email="cfo@acme.example", name="Finance")
    form = {"email": "CFO@acme.example", "name": "", "groups": [role.pk], "change_reason": "Helps out"}
    assert console.post(reverse("admin:metering_user_add"), form).status_code == 302
    member.refresh_from_db()
    assert (member.name, member.is_staff, member.is_superuser, list(member.groups.all())) == (
        "Finance",
        True,
        False,
        [role],
    )
    assert changes_of(member)[0].reason == "Helps out"


def test_it_keeps_the_last_owner(console, operator):
    url = reverse("admin:metering_user_change", args=(operator.pk,))
    page = console.post(url, {"name": "Me", "is_staff": "on", "is_active": "on"})
    assert page.status_code == 200
    assert "nobody else may do everything" in str(page.context["adminform"].form.errors["is_superuser"])
    operator.refresh_from_db()
    assert (operator.name, operator.is_superuser) == ("Accounts", True)


def test_it_lets_only_owners_hand_out_rights(client, db):
    operator = UserFactory(is_staff=True)
    operator.user_permissions.set(Permission.objects.filter(content_type__model="user"))
    client.force_login(operator)
    assert client.get(reverse("admin:metering_user_changelist")).status_code == 200
    assert client.get(reverse("admin:metering_user_add")).status_code == 403
    change = reverse("admin:metering_user_change", args=(operator.pk,))
    assert client.get(change).status_code == 200
    assert client.post(change, {"is_superuser": "on"}).status_code == 403


@pytest.mark.parametrize("text", ["nope", "0", "1'", "_25"])
@pytest.mark.parametrize(
    "model", ["metering_event", "metering_correction", "metering_customer", "pricing_plan", "invoicing_invoice"]
)
def test_it_sends_an_address_that_names_nothing_to_the_first_page(console, model, text):
    page = console.get(reverse(f"admin:{model}_change", args=(text,)))
    assert (page.status_code, page["Location"]) == (302, "/admin/")
