"""Operators: who may sign in to the console, and what they may do there."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from metering.errors import DomainError
from metering.models import User

_CHANGEABLE = frozenset({"name", "is_staff", "is_superuser", "is_active"})


class LastOwner(DomainError):
    status = 409
    code = "last_owner"


@transaction.atomic
def add_operator(*, email: str, name: str = "", is_superuser: bool = False, groups: Collection[Group] = ()) -> User:
    """Let a person sign in to the console, by a code sent to this address; somebody the portal knows stays the same."""
    address = User.objects.normalize_email(email).lower()
    user = User.objects.select_for_update().filter(email=address).first() or User.objects.create_user(address)
    user.name = name or user.name
    user.is_staff, user.is_active, user.is_superuser = True, True, user.is_superuser or is_superuser
    user.save()
    user.groups.set(groups)
    return user


@transaction.atomic
def change_person(*, user_id: int, groups: Collection[Group] | None = None, **changes: Any) -> User:
    """
    Change a person's name, roles and whether they may sign in.

    :raises LastOwner: if nobody would be left who may do everything.
    """
    if unknown := changes.keys() - _CHANGEABLE:
        raise TypeError(f"A person has no field {', '.join(sorted(unknown))} to change.")
    user = User.objects.select_for_update().get(pk=user_id)
    for field, value in changes.items():
        setattr(user, field, value)
    user.save()
    if groups is not None:
        user.groups.set(groups)
    if not User.objects.filter(is_superuser=True, is_staff=True, is_active=True).exists():
        raise LastOwner("Make somebody else an owner first: nobody else may do everything.")
    return user
