"""What refers to a row from the layers above, which this one does not know."""

from collections.abc import Callable
from datetime import datetime

from django.db import models

from metering.models import Customer

CustomerCheck = Callable[[Customer, datetime], None]
_before_deletion: list[CustomerCheck] = []


def used_by(row: models.Model) -> list[str]:
    """Return the names of the kinds of rows in other apps that refer to a row and protect it."""
    return [
        str(relation.related_model._meta.verbose_name_plural)
        for relation in row._meta.related_objects
        if relation.on_delete is models.PROTECT
        and relation.related_model._meta.app_label != row._meta.app_label
        and relation.related_model._base_manager.filter(**{relation.field.name: row}).exists()
    ]


def register_customer_check(check: CustomerCheck) -> None:
    """
    Have a function called before a customer is deleted, with the locked customer and the time that holds for them.

    Whatever DomainError it raises refuses the deletion. Higher layers register theirs at start-up.
    """
    _before_deletion.append(check)


def check_deletion(customer: Customer, *, at: datetime) -> None:
    """
    Do nothing if every layer lets a customer go.

    :raises DomainError: what the first layer raises that does not.
    """
    for check in _before_deletion:
        check(customer, at)
