from urllib.parse import quote

import pytest

from metering.models import Batch, BatchKind, Customer, Member, Subject, SubjectLink

URL = "/api/v1/customers"
ULID = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"


def _create(api, **body):
    return api.post(URL, {"name": "Acme", **body}, format="json")


def test_it_creates_a_customer_in_openmeters_shape(api):
    sent = {
        "name": "Acme",
        "key": "acme",
        "description": "Makes anvils",
        "usageAttribution": {"subjectKeys": ["acme-1", "acme/2"]},
        "primaryEmail": "billing@acme.example",
        "currency": "EUR",
        "billingAddress": {"country": "FR", "city": "Paris", "line1": "1 rue X", "postalCode": "75001"},
        "timeZone": "Europe/Paris",
        "metadata": {"tier": "gold"},
    }
    response = api.post(URL, sent, format="json")
    assert response.status_code == 201
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert set(body) == {*sent, "id", "createdAt", "updatedAt"}
    assert {name: body[name] for name in sent} == sent
    assert body["createdAt"].endswith("Z")
    customer = Customer.objects.get(ulid=body["id"])
    assert (customer.time_zone, str(customer.currency), customer.metadata) == ("Europe/Paris", "EUR", {"tier": "gold"})
    assert set(customer.subject_links.values_list("subject__key", "from_at", "to_at")) == {
        ("acme", None, None),
        ("acme-1", None, None),
        ("acme/2", None, None),
    }
    batch = Batch.objects.get()
    assert (batch.kind, batch.is_rolled_up) == (BatchKind.LINK, True)
    assert Member.objects.get(customer=customer).user.email == "billing@acme.example"


def test_it_leaves_out_what_is_not_set(api):
    body = _create(api, key="acme").json()
    assert set(body) == {"id", "name", "key", "usageAttribution", "createdAt", "updatedAt"}
    assert body["usageAttribution"] == {"subjectKeys": []}


def test_it_takes_null_as_absent(api):
    nothing = dict.fromkeys(["description", "usageAttribution", "primaryEmail", "currency", "billingAddress"])
    assert _create(api, key="acme", metadata=None, **nothing).status_code == 201


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"key": None}, 400, "a key or at least one subject key"),
        ({"key": None, "usageAttribution": {"subjectKeys": []}}, 400, "a key or at least one subject key"),
        ({"name": ""}, 400, "name: "),
        ({"name": 12}, 400, "name: "),
        ({"name": "x" * 257}, 400, "name: "),
        ({"key": "x" * 257}, 400, "key: "),
        ({"key": "a\0b"}, 400, "key: "),
        ({"usageAttribution": {}}, 400, "usageAttribution.subjectKeys: "),
        ({"usageAttribution": {"subjectKeys": [""]}}, 400, "usageAttribution.subjectKeys[0]: "),
        ({"primaryEmail": "acme"}, 400, "primaryEmail: "),
        ({"currency": "euro"}, 400, "currency: "),
        ({"currency": "ABX"}, 400, "no currency ABX"),
        ({"timeZone": "Mars/Olympus"}, 400, "no time zone Mars/Olympus"),
        ({"billingAddress": {"country": "France"}}, 400, "billingAddress.country: "),
        ({"metadata": {"a": {"b": 1}}}, 400, "metadata.a: "),
        ({"metadata": {"a\0": "b"}}, 400, "metadata: "),
    ],
)
def test_it_refuses_what_it_cannot_store_and_stores_nothing(api, changes, status, says):
    response = _create(api, **{"key": "acme", **changes})
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert says in response.json()["detail"]
    assert not Customer.objects.exists()
    assert not Subject.objects.exists()


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ({"key": "acme"}, "Another customer has the key acme"),
        ({"key": "acme-1"}, "Subject acme-1 belongs to customer Acme (acme)"),
        ({"key": "new", "usageAttribution": {"subjectKeys": ["acme-1"]}}, "Subject acme-1 belongs to customer Acme"),
        ({"key": "new", "usageAttribution": {"subjectKeys": ["acme"]}}, "Subject acme belongs to customer Acme"),
    ],
)
def test_it_refuses_a_key_or_subject_of_another_customer(api, second, says):
    _create(api, key="acme", usageAttribution={"subjectKeys": ["acme-1"]})
    before = SubjectLink.objects.count()
    response = _create(api, **second)
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert says in response.json()["detail"]
    assert (Customer.objects.count(), SubjectLink.objects.count()) == (1, before)


def test_it_refuses_the_id_of_another_customer_as_key(api):
    other = _create(api, key="acme").json()["id"]
    assert _create(api, key=other).status_code == 409


@pytest.mark.parametrize("key", ["acme", "acme shop", "acme/eu/1", "/a/", "a+b@acme.example", "ünï", "a?b#c", "100%"])
def test_it_finds_a_customer_by_id_and_by_any_key(api, key):
    made = _create(api, key=key).json()
    for name in [made["id"], quote(key, safe="")]:
        assert api.get(f"{URL}/{name}").json() == made


def test_it_says_which_customer_there_is_not(api):
    response = api.get(f"{URL}/nobody")
    assert response.status_code == 404
    assert "There is no customer nobody" in response.json()["detail"]


def test_it_lists_customers_by_page(api):
    for number in range(5):
        _create(api, name=f"Customer {number}", key=f"c{number}")
    body = api.get(URL, {"page": 2, "pageSize": 2}).json()
    assert [item["key"] for item in body.pop("items")] == ["c2", "c3"]
    assert body == {"page": 2, "pageSize": 2, "totalCount": 5}
    everything = api.get(URL).json()
    assert (everything["page"], everything["pageSize"], len(everything["items"])) == (1, 100, 5)


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({"key": "CM"}, ["acme"]),
        ({"name": "glob"}, ["globex"]),
        ({"primaryEmail": "ap@"}, ["globex"]),
        ({"subject": "DEVICE"}, ["globex"]),
        ({"key": "", "name": "", "primaryEmail": "", "subject": "", "planKey": ""}, ["acme", "globex"]),
        ({"planKey": "pro"}, []),
        ({"order": "DESC"}, ["globex", "acme"]),
        ({"orderBy": "createdAt", "order": "DESC"}, ["globex", "acme"]),
        ({"key": "nothing"}, []),
    ],
)
def test_it_filters_and_orders_customers(api, query, keys):
    _create(api, name="Acme", key="acme")
    _create(
        api,
        name="Globex",
        key="globex",
        primaryEmail="ap@globex.example",
        usageAttribution={"subjectKeys": ["device-7"]},
    )
    body = api.get(URL, query).json()
    assert [item["key"] for item in body["items"]] == keys
    assert body["totalCount"] == len(keys)


@pytest.mark.parametrize("query", [{"page": 0}, {"pageSize": 1001}, {"page": "x"}, {"orderBy": "age"}])
def test_it_refuses_a_page_that_cannot_be(api, query):
    assert api.get(URL, query).status_code == 400


def test_it_lists_customers_in_as_many_queries_however_many_there_are(api, django_assert_num_queries):
    for number in range(4):
        _create(api, key=f"c{number}")
    with django_assert_num_queries(4):  # the page, its subjects, their subscriptions, the count; the key is remembered
        assert len(api.get(URL).json()["items"]) == 4


def test_it_replaces_a_customer(api):
    made = _create(api, key="acme", description="Old", usageAttribution={"subjectKeys": ["a", "b"]}).json()
    sent = {"name": "Acme 2", "key": "acme2", "usageAttribution": {"subjectKeys": ["b", "c"]}}
    response = api.put(f"{URL}/acme", sent, format="json")
    assert response.status_code == 200
    body = response.json()
    assert (body["id"], body["createdAt"]) == (made["id"], made["createdAt"])
    assert {name: body[name] for name in sent} == sent
    assert "description" not in body
    assert api.get(f"{URL}/{made['id']}").json() == body


def test_it_leaves_the_zone_that_a_client_of_openmeter_does_not_know(api):
    _create(api, key="acme", timeZone="Europe/Paris")
    assert api.put(f"{URL}/acme", {"name": "Acme", "key": "acme"}, format="json").json()["timeZone"] == "Europe/Paris"


def test_it_changes_nothing_when_a_replacement_is_refused(api):
    _create(api, key="globex")
    made = _create(api, key="acme", usageAttribution={"subjectKeys": ["a"]}).json()
    response = api.put(f"{URL}/acme", {"name": "New", "key": "globex"}, format="json")
    assert response.status_code == 409
    assert api.get(f"{URL}/acme").json() == made


def test_it_deletes_a_customer_and_frees_its_key(api):
    made = _create(api, key="acme").json()
    assert api.delete(f"{URL}/acme").status_code == 204
    assert api.get(f"{URL}/acme").status_code == 404
    assert "deletedAt" in api.get(f"{URL}/{made['id']}").json()
    assert api.delete(f"{URL}/{made['id']}").status_code == 204
    assert api.put(f"{URL}/{made['id']}", {"name": "Acme", "key": "acme"}, format="json").status_code == 412
    assert _create(api, key="acme").status_code == 201
