"""Billing profiles over the API: who sells, how, and which customers are pinned to whom."""

import pytest

from invoicing.models import AppType, BillingProfile, CustomerBilling
from invoicing.services.profiles import ensure_default_profile
from tests.factories import START, AppFactory, CustomerFactory, SubscriptionItemFactory
from tests.invoicing.simulations import api_client

pytestmark = pytest.mark.django_db
PROFILES = "/api/v1/billing/profiles"
CUSTOMERS = "/api/v1/billing/customers"


@pytest.fixture
def default(db):
    return ensure_default_profile(at=START)


@pytest.fixture
def client(default):
    return api_client()


def asked(app, **changes):
    address = {"country": "DE", "city": "Berlin"}
    body = {
        "name": "Berlin",
        "supplier": {"name": "Anvils GmbH", "taxId": {"code": "DE123"}, "addresses": [address]},
        "default": False,
        "workflow": {"invoicing": {"dueAfter": "P14D"}, "tax": {"enabled": True, "enforced": True}},
        "apps": {"tax": app.ulid, "invoicing": app.ulid, "payment": app.ulid},
    }
    return body | changes


def send(client, method, path, body=None, status=200):
    response = getattr(client, method)(path, body, format="json")
    assert response.status_code == status, response.content
    return response.json() if response.content else None


def code(problem):
    return problem["extensions"]["code"]


def test_it_makes_a_profile_with_openmeters_defaults_and_number_series_of_its_own(client, default):
    made = send(client, "post", PROFILES, asked(default.app, largestTotal="5000"), 201)
    assert made["workflow"] == {
        "collection": {"alignment": {"type": "subscription"}, "interval": "PT1H"},
        "invoicing": {
            "autoAdvance": True,
            "draftPeriod": "P0D",
            "dueAfter": "P14D",
            "progressiveBilling": True,
            "subscriptionEndProrationMode": "bill_actual_period",
        },
        "payment": {"collectionMethod": "charge_automatically"},
        "tax": {"enabled": True, "enforced": True},
    }
    assert (made["numberPrefix"], made["creditNotePrefix"], made["largestTotal"]) == ("INV2-", "CN2-", "5000")
    assert made["supplier"]["taxId"] == {"code": "DE123"}
    assert made["apps"]["tax"] == {"id": default.app.ulid}
    assert BillingProfile.objects.get(ulid=made["id"]).sequences.count() == 2
    assert send(client, "get", f"{PROFILES}/{made['id']}") == made
    assert [one["id"] for one in send(client, "get", f"{PROFILES}?orderBy=name")["items"]] == [made["id"], default.ulid]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"workflow": {"tax": {"enabled": False, "enforced": True}}}, "enforced"),
        ({"workflow": {"invoicing": {"dueAfter": "P1M"}}}, "dueAfter"),
        ({"workflow": {"collection": {"alignment": {"type": "anchored"}}}}, "recurringPeriod"),
        ({"spendThresholds": {"JPY": {"amounts": ["0.5"]}}}, "JPY"),
        ({"supplier": {}}, "supplier.name"),
    ],
)
def test_it_names_the_member_that_is_wrong(client, default, changes, wrong):
    assert wrong in send(client, "post", PROFILES, asked(default.app, **changes), 400)["detail"]
    assert BillingProfile.objects.get() == default


def test_it_replaces_what_is_sent_and_keeps_our_own_members_that_are_not(client, default):
    thresholds = {"USD": {"amounts": ["10", "50"], "recurring": "100"}}
    made = send(client, "post", PROFILES, asked(default.app, spendThresholds=thresholds), 201)
    period = {"anchor": "2026-01-05T00:00:00Z", "interval": "MONTH"}
    workflow = {"collection": {"alignment": {"type": "anchored", "recurringPeriod": period}}}
    changed = send(client, "put", f"{PROFILES}/{made['id']}", asked(default.app, name="Bonn", workflow=workflow))
    assert (changed["name"], changed["spendThresholds"]) == ("Bonn", thresholds)
    assert changed["workflow"]["collection"]["alignment"]["recurringPeriod"]["interval"] == "P1M"
    assert changed["workflow"]["tax"] == {"enabled": True, "enforced": False}


def test_another_default_pins_those_who_pay_where_the_app_is_another(client, default):
    paying = SubscriptionItemFactory().subscription.customer
    CustomerFactory()
    other = AppFactory(type=AppType.CUSTOM_INVOICING)
    made = send(client, "post", PROFILES, asked(other, default=True), 201)
    assert BillingProfile.objects.get(is_default=True).ulid == made["id"]
    assert [(pin.customer, pin.profile) for pin in CustomerBilling.objects.all()] == [(paying, default)]
    problem = send(client, "put", f"{PROFILES}/{made['id']}", asked(other, default=False), 400)
    assert code(problem) == "default_profile_cannot_be_unset"
    assert code(send(client, "delete", f"{PROFILES}/{made['id']}", status=400)) == "default_profile_cannot_be_deleted"
    assert code(send(client, "delete", f"{PROFILES}/{default.ulid}", status=400)) == "profile_referenced"
    send(client, "delete", f"{CUSTOMERS}/{paying.ulid}", status=204)
    send(client, "delete", f"{PROFILES}/{default.ulid}", status=204)
    problem = send(client, "put", f"{PROFILES}/{default.ulid}", asked(other), 400)
    assert code(problem) == "profile_already_deleted"
    assert send(client, "get", PROFILES)["totalCount"] == 1
    assert send(client, "get", f"{PROFILES}?includeArchived=true")["totalCount"] == 2


def test_the_same_app_needs_no_pins(client, default):
    SubscriptionItemFactory()
    send(client, "post", PROFILES, asked(default.app, default=True), 201)
    assert not CustomerBilling.objects.exists()


def test_customers_are_pinned_and_unpinned(client, default):
    acme, globex = CustomerFactory(key="a/c", name="Acme"), CustomerFactory(name="Globex")
    made = send(client, "post", PROFILES, asked(default.app), 201)
    assert send(client, "get", f"{CUSTOMERS}/a/c")["baseBillingProfileId"] == default.ulid
    body = {"billingProfileId": made["id"], "spendThresholds": {"USD": {"recurring": "5"}}}
    pinned = send(client, "put", f"{CUSTOMERS}/{acme.ulid}", body)
    assert pinned["customerOverride"]["billingProfileId"] == pinned["baseBillingProfileId"] == made["id"]
    assert pinned["customerProfile"]["supplier"]["name"] == "Anvils GmbH"
    shown = send(client, "get", f"{CUSTOMERS}/{acme.ulid}?expand=customer")
    assert (shown["customer"]["key"], shown["customerOverride"]["spendThresholds"]) == ("a/c", body["spendThresholds"])

    def names(query):
        found = send(client, "get", f"{CUSTOMERS}?expand=customer&{query}")["items"]
        return [one["customer"]["name"] for one in found]

    assert names("") == ["Acme", "Globex"]
    assert names("order=DESC") == ["Globex", "Acme"]
    assert names("includeAllCustomers=false") == names(f"billingProfile={made['id']}") == ["Acme"]
    assert names("customersWithoutPinnedProfile=true") == names(f"billingProfile={default.ulid}") == ["Globex"]
    assert names(f"customerId={acme.ulid}&customerId={globex.ulid}&customerName=glo") == ["Globex"]
    send(client, "delete", f"{CUSTOMERS}/{acme.ulid}", status=204)
    assert code(send(client, "delete", f"{CUSTOMERS}/{acme.ulid}", status=404)) == "customer_override_not_found"
    send(client, "put", f"{CUSTOMERS}/{acme.ulid}", {"billingProfileId": "0" * 26}, 404)
