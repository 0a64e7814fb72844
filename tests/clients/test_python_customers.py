"""Customers by OpenMeter's Python SDK."""

import pytest
from corehttp.exceptions import ResourceExistsError, ResourceNotFoundError
from openmeter.models import Address, Customer, CustomerCreate, CustomerReplaceUpdate, CustomerUsageAttribution


def test_it_makes_finds_changes_and_deletes_a_customer(client, name):
    made = client.customers.create(
        CustomerCreate(
            name="Acme",
            key=f"{name} @+/ ü",
            usage_attribution=CustomerUsageAttribution(subject_keys=[f"{name}/1", f"{name}/2"]),
            primary_email="ap@acme.example",
            currency="EUR",
            billing_address=Address(country="DE", city="Berlin"),
            metadata={"crm": "17"},
        )
    )
    assert isinstance(made, Customer)
    assert made.usage_attribution.subject_keys == [f"{name}/1", f"{name}/2"]
    assert (made.billing_address.country, made.billing_address.city) == ("DE", "Berlin")
    assert dict(made.metadata) == {"crm": "17"}
    assert made.created_at.tzinfo is not None
    for id_or_key in [made.id, made.key]:
        assert client.customers.get(id_or_key).id == made.id
    changed = client.customers.update(made.id, CustomerReplaceUpdate(name="Acme Ltd", key=name))
    assert (changed.name, changed.key, changed.primary_email) == ("Acme Ltd", name, None)
    client.customers.delete(name)
    with pytest.raises(ResourceNotFoundError):
        client.customers.get(name)


def test_it_pages_through_customers_and_filters_them(client, name):
    made = [
        client.customers.create(
            CustomerCreate(
                name=f"{name} {letter}",
                key=f"{name}-{letter}",
                primary_email=f"{letter}@{name.replace('_', '-')}.example",
                usage_attribution=CustomerUsageAttribution(subject_keys=[f"{name}-subject-{letter}"]),
            )
        )
        for letter in "cab"
    ]
    page = client.customers.list(key=name, page=1, page_size=2, order_by="name", order="DESC")
    assert [customer.name for customer in page.items_property] == [f"{name} c", f"{name} b"]
    assert (page.total_count, page.page, page.page_size) == (3, 1, 2)
    rest = client.customers.list(key=name, page=2, page_size=2, order_by="name", order="DESC")
    assert [customer.name for customer in rest.items_property] == [f"{name} a"]
    for wanted in [
        {"name": f"{name.upper()} A"},
        {"primary_email": f"a@{name.replace('_', '-')}"},
        {"subject": f"{name}-subject-a"},
    ]:
        found = client.customers.list(**wanted)
        assert [customer.id for customer in found.items_property] == [made[1].id], wanted


def test_it_lists_deleted_customers_only_when_asked(client, name):
    made = client.customers.create(CustomerCreate(name="Acme", key=name))
    client.customers.delete(made.id)
    assert client.customers.list(key=name).total_count == 0
    [deleted] = client.customers.list(key=name, include_deleted=True).items_property
    assert (deleted.id, deleted.deleted_at is not None) == (made.id, True)


def test_it_refuses_a_key_or_a_subject_of_another_customer(client, name):
    attribution = CustomerUsageAttribution(subject_keys=[f"{name}-1"])
    client.customers.create(CustomerCreate(name="Acme", key=name, usage_attribution=attribution))
    with pytest.raises(ResourceExistsError):
        client.customers.create(CustomerCreate(name="Other", key=name))
    with pytest.raises(ResourceExistsError):
        client.customers.create(CustomerCreate(name="Other", key=f"{name}-2", usage_attribution=attribution))
    assert client.customers.list(key=name).total_count == 1
