"""Customers as the API takes and shows them, in OpenMeter's shapes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rest_framework import serializers

from metering.models import Customer
from metering.serializers.fields import ChoiceField, PageInput, TextField, TextsField, present


class CustomerGetInput(serializers.Serializer[Any]):
    expand = serializers.ListField(child=ChoiceField(choices=["subscriptions"]), required=False, default=list)


class CustomerListInput(PageInput, CustomerGetInput):
    """The texts match any part, in either case; `planKey` the whole key of a plan. An empty one asks for nothing."""

    key = TextField(required=False, allow_blank=True)
    name = TextField(required=False, allow_blank=True)
    primaryEmail = TextField(required=False, allow_blank=True)
    subject = TextField(required=False, allow_blank=True)
    planKey = TextField(required=False, allow_blank=True)
    includeDeleted = serializers.BooleanField(default=False)
    order = ChoiceField(choices=["ASC", "DESC"], default="ASC")
    orderBy = ChoiceField(choices=["id", "name", "createdAt"], default="name")


class AddressInput(serializers.Serializer[Any]):
    country = serializers.RegexField(
        r"^[A-Z]{2}$", required=False, error_messages={"invalid": "Use a code of two letters (ISO 3166), such as DE."}
    )
    postalCode = TextField(required=False, allow_blank=True)
    state = TextField(required=False, allow_blank=True)
    city = TextField(required=False, allow_blank=True)
    line1 = TextField(required=False, allow_blank=True)
    line2 = TextField(required=False, allow_blank=True)
    phoneNumber = TextField(required=False, allow_blank=True)


class UsageAttributionInput(serializers.Serializer[Any]):
    subjectKeys = serializers.ListField(child=TextField())


class CustomerInput(serializers.Serializer[Any]):
    name = TextField(max_length=256)
    key = TextField(max_length=256, required=False, allow_null=True, default=None)
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    usageAttribution = UsageAttributionInput(required=False, allow_null=True, default=None)
    primaryEmail = serializers.EmailField(required=False, allow_blank=True, allow_null=True, default="")
    currency = serializers.RegexField(
        r"^[A-Z]{3}$",
        required=False,
        allow_null=True,
        default=None,
        error_messages={"invalid": "Use a code of three letters (ISO 4217), such as USD."},
    )
    billingAddress = AddressInput(required=False, allow_null=True, default=None)
    metadata = TextsField(default=dict)
    timeZone = TextField(max_length=64, required=False, allow_blank=True, allow_null=True)
    testClockId = TextField(required=False, help_text="Where they try out billing; chosen when they are created.")

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `create_customer`; a zone that was not sent is left out."""
        sent = self.validated_data
        values = {
            "name": sent["name"],
            "key": sent["key"],
            "description": sent["description"] or "",
            "subject_keys": (sent["usageAttribution"] or {}).get("subjectKeys", []),
            "primary_email": sent["primaryEmail"] or "",
            "currency": sent["currency"],
            "billing_address": sent["billingAddress"] or {},
            "metadata": sent["metadata"] or {},
        }
        return values | ({"time_zone": sent["timeZone"] or ""} if "timeZone" in sent else {})


def customer_output(
    customer: Customer,
    *,
    subject_keys: Iterable[str],
    subscriptions: Sequence[Mapping[str, Any]],
    expand: bool,
) -> dict[str, Any]:
    """
    Return a customer as the API shows it, of those whom `subject_keys` and running `subscriptions` belong to.

    The subscriptions themselves are shown where `expand` asks for them, else the id of the first alone.
    """
    shown = present(
        {
            "id": customer.ulid,
            "key": customer.key,
            "name": customer.name,
            "description": customer.description,
            "usageAttribution": {"subjectKeys": customer.named_subjects(subject_keys)},
            "primaryEmail": customer.primary_email,
            "currency": customer.currency and str(customer.currency),
            "billingAddress": customer.billing_address,
            "timeZone": customer.time_zone,
            "testClockId": customer.test_clock and customer.test_clock.ulid,
            "metadata": customer.metadata,
            "currentSubscriptionId": subscriptions[0]["id"] if subscriptions else None,
            "createdAt": customer.created_at,
            "updatedAt": customer.updated_at,
            "deletedAt": customer.deleted_at,
        }
    )
    return shown | {"subscriptions": list(subscriptions)} if expand else shown
