"""Each factory makes rows that satisfy every constraint, more than once in a row."""

import inspect

import pytest
from factory.django import DjangoModelFactory

from tests import factories

FACTORIES = [
    member
    for _, member in inspect.getmembers(factories, inspect.isclass)
    if issubclass(member, DjangoModelFactory)
    and member not in (DjangoModelFactory, factories.ChangeWatermarkFactory)  # That has one row at most.
]


@pytest.mark.django_db
@pytest.mark.parametrize("factory_class", FACTORIES, ids=lambda factory_class: factory_class.__name__)
def test_it_makes_two_valid_rows(factory_class):
    rows = factory_class.create_batch(2)
    for row in rows:
        row.refresh_from_db()
    assert rows[0].pk != rows[1].pk


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("factory_class", "trait"),
    [
        (factories.UserFactory, "operator"),
        (factories.PlanFactory, "active"),
        (factories.RateCardFactory, "usage"),
        (factories.SubscriptionItemFactory, "usage"),
        (factories.InvoiceFactory, "issued"),
    ],
)
def test_it_makes_valid_rows_with_a_trait(factory_class, trait):
    factory_class(**{trait: True}).refresh_from_db()
