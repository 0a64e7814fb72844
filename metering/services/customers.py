"""Customers: who they are, which subjects are theirs, and who may open their portal."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import moneyed
from django.db import IntegrityError, transaction

from metering.errors import DomainError
from metering.models import Customer, Member, SubjectLink, TestClock, User
from metering.models.customer import SubjectLinkQuerySet
from metering.queries.subscriptions import subscriptions
from metering.services.new_customers import note_new_customer
from metering.services.references import check_deletion
from metering.services.subjects import relink
from metering.zones import zone_names

_CHANGEABLE = frozenset(
    {
        "name",
        "key",
        "description",
        "primary_email",
        "currency",
        "time_zone",
        "billing_address",
        "metadata",
        "test_clock",
    }
)


class CustomerNeedsSubject(DomainError):
    code = "customer_needs_a_subject"


class CustomerKeyIsTaken(DomainError):
    status = 409
    code = "customer_key_is_taken"


class UnknownTimeZone(DomainError):
    code = "unknown_time_zone"


class UnknownCurrency(DomainError):
    code = "unknown_currency"


class CustomerIsDeleted(DomainError):
    status = 412
    code = "customer_is_deleted"


class SubjectKeysAreFixed(DomainError):
    code = "subject_keys_are_fixed"


@transaction.atomic
def create_customer(
    *,
    name: str,
    at: datetime,
    key: str | None = None,
    subject_keys: Collection[str] = (),
    primary_email: str = "",
    currency: str | None = None,
    time_zone: str = "",
    billing_address: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    description: str = "",
    test_clock: TestClock | None = None,
    used_since: datetime | None = None,
) -> Customer:
    """
    Make a customer whose usage is that of the subjects in `key` and `subject_keys`, also from before now.

    The key may be among the subject keys; those are shown in the order in which they were given.
    The primary e-mail becomes a member, who may open the portal. `used_since` is when their usage started (default
    now), for what the layers above do for new customers.

    :raises CustomerNeedsSubject: without key and subject keys.
    :raises CustomerKeyIsTaken: if another customer has this key, or it as id.
    :raises SubjectIsTaken: if a subject belongs to another customer.
    :raises UnknownTimeZone: if there is no such zone.
    :raises UnknownCurrency: if ISO 4217 has no such code.
    """
    customer = Customer(
        name=name,
        key=key or None,
        description=description,
        primary_email=primary_email,
        currency=currency or None,
        time_zone=time_zone,
        billing_address=dict(billing_address or {}),
        metadata=dict(metadata or {}),
        subject_keys=list(dict.fromkeys(subject_keys)),
        test_clock=test_clock,
        created_at=at,
        updated_at=at,
    )
    _store(customer)
    relink(customer=customer, add=_subjects_of(customer.key, subject_keys), at=at)
    if primary_email:
        _add_member(customer, primary_email, at)
    moment = _time_of(customer, at)
    note_new_customer(customer, at=moment, since=used_since or moment)
    return customer


@transaction.atomic
def change_customer(
    *, customer_id: int, at: datetime, subject_keys: Collection[str] | None = None, **changes: Any
) -> Customer:
    """
    Change the named fields of a customer; `subject_keys` replaces them all, without it they stay.

    A link that goes is ended at `at`: usage until then stays with the customer. One that begins later stays as it is.

    :raises CustomerIsDeleted: if it was deleted.
    :raises SubjectKeysAreFixed: if `subject_keys` differ, in their order too, while a subscription runs.
    :raises CustomerNeedsSubject, CustomerKeyIsTaken, SubjectIsTaken, UnknownTimeZone, UnknownCurrency: as on creation.
    """
    if unknown := changes.keys() - _CHANGEABLE:
        raise TypeError(f"A customer has no field {', '.join(sorted(unknown))} to change.")
    customer = _locked_live(customer_id)
    former_email = customer.primary_email
    current = _subjects_in(SubjectLink.objects.in_force(at), customer)
    theirs_later = _subjects_in(SubjectLink.objects.reaching_past(at), customer)
    named = customer.named_subjects(current)
    wanted_keys = named if subject_keys is None else list(dict.fromkeys(subject_keys))
    if wanted_keys != named:
        _check_not_subscribed(customer, at)
    for field, value in changes.items():
        setattr(customer, field, value)
    customer.key, customer.currency = customer.key or None, customer.currency or None
    customer.subject_keys, customer.updated_at = wanted_keys, at
    _store(customer)
    wanted = _subjects_of(customer.key, wanted_keys)
    relink(
        customer=customer,
        add=[subject for subject in wanted if subject not in theirs_later],
        remove=[subject for subject in current if subject not in wanted],
        at=at,
    )
    if customer.primary_email and customer.primary_email != former_email:
        _add_member(customer, customer.primary_email, at)
    return customer


@transaction.atomic
def delete_customer(*, customer_id: int, at: datetime) -> Customer:
    """
    Delete a customer with whom all is settled; its links end, its key is free again. A second call changes nothing.

    :raises DomainError: if a layer above does not let it go, see `register_customer_check`.
    """
    customer = Customer.objects.select_for_update(of=("self",)).get(pk=customer_id)
    if customer.deleted_at is not None:
        return customer
    check_deletion(customer, at=_time_of(customer, at))
    relink(customer=customer, add=(), remove=_subjects_in(SubjectLink.objects.reaching_past(at), customer), at=at)
    customer.deleted_at = customer.updated_at = at
    customer.save(update_fields=["deleted_at", "updated_at"])
    return customer


@transaction.atomic
def link_subject(*, customer_id: int, subject_key: str, at: datetime, from_at: datetime | None = None) -> SubjectLink:
    """
    Make a subject a customer's, from `from_at` in event time; without it, as far back as nobody else had it.

    :raises CustomerIsDeleted: if the customer was deleted.
    :raises SubjectIsTaken: if it belongs to another customer, or to this one already, in that time.
    """
    customer = _locked_live(customer_id)
    relink(customer=customer, add=_subjects_of(None, [subject_key]), at=at, from_at=from_at)
    return SubjectLink.objects.known_at(None).filter(customer=customer, subject__key=subject_key).latest("pk")


@transaction.atomic
def invite_member(*, customer_id: int, email: str, at: datetime) -> Member:
    """
    Let a person open a customer's portal; they sign in by a code sent to this address. Twice changes nothing.

    :raises CustomerIsDeleted: if the customer was deleted.
    """
    return _add_member(_locked_live(customer_id), email, at)


def _locked_live(customer_id: int) -> Customer:
    customer = Customer.objects.select_for_update(of=("self",)).get(pk=customer_id)
    if customer.deleted_at is not None:
        raise CustomerIsDeleted("This customer was deleted. Use another one, or make it anew.")
    return customer


def _store(customer: Customer) -> None:
    _check(customer)
    try:
        with transaction.atomic():
            customer.save()
    except IntegrityError as error:
        if "one_live_customer_per_key" not in str(error):
            raise
        raise CustomerKeyIsTaken(f"Another customer has the key {customer.key} already. Choose another key.") from None


def _check(customer: Customer) -> None:
    if customer.time_zone and customer.time_zone not in zone_names():
        raise UnknownTimeZone(f"There is no time zone {customer.time_zone}. Use an IANA name such as Europe/Paris.")
    if customer.currency and str(customer.currency) not in moneyed.CURRENCIES:
        raise UnknownCurrency(f"There is no currency {customer.currency}. Use an ISO 4217 code such as USD.")
    if customer.key and Customer.objects.filter(ulid=customer.key).exclude(pk=customer.pk).exists():
        raise CustomerKeyIsTaken(f"{customer.key} is the id of a customer. Choose another key.")


def _subjects_of(key: str | None, subject_keys: Collection[str | None]) -> list[str]:
    subjects = list(dict.fromkeys(subject for subject in (key, *subject_keys) if subject))
    if not subjects:
        raise CustomerNeedsSubject("Give the customer a key or at least one subject key, so that usage can be theirs.")
    return subjects


def _subjects_in(links: SubjectLinkQuerySet, customer: Customer) -> list[str]:
    known = links.known_at(None).filter(customer=customer)
    return list(dict.fromkeys(known.order_by("pk").values_list("subject__key", flat=True)))


def _check_not_subscribed(customer: Customer, at: datetime) -> None:
    if subscriptions().live({customer.pk: _time_of(customer, at)}):
        raise SubjectKeysAreFixed(
            "Send the subject keys as they are, in their order: they cannot change while a subscription runs. "
            "Move a subject to another customer instead, from a time on."
        )


def _time_of(customer: Customer, at: datetime) -> datetime:
    return customer.test_clock.now_at if customer.test_clock else at


def _add_member(customer: Customer, email: str, at: datetime) -> Member:
    return Member.objects.get_or_create(customer=customer, user=_person(email), defaults={"created_at": at})[0]


def _person(email: str) -> User:
    address = User.objects.normalize_email(email).lower()
    if known := User.objects.filter(email=address).first():
        return known
    try:
        with transaction.atomic():
            return User.objects.create_user(address)
    except IntegrityError:
        # Someone else has invited the same person in this moment.
        return User.objects.get(email=address)
