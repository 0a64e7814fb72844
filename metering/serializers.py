"""What the API of metering takes, and the shapes in which it answers: OpenMeter's."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from rest_framework import serializers

from metering.errors import DomainError
from metering.models import Aggregation, Customer, Meter
from metering.windows import WindowSize
from metering.zones import zone_names

_Input = TypeVar("_Input", bound=serializers.Serializer[Any])
_MAX_PAGE_SIZE = 1000
_WRITE_THE_TIME = "Write the time with an offset, such as 2026-01-31T00:00:00Z."
_OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)$", re.IGNORECASE)


class NotAnObject(DomainError):
    code = "not_an_object"


def checked(input_class: type[_Input], data: Any) -> _Input:
    """
    Return a serializer whose `validated_data` may be used.

    :raises NotAnObject: if the body is an array, text, number or null.
    :raises ValidationError: naming each field that is wrong.
    """
    if not isinstance(data, Mapping):
        raise NotAnObject("Send one JSON object as the body, such as {}.")
    read = input_class(data=data)
    read.is_valid(raise_exception=True)
    return read


class ChoiceField(serializers.ChoiceField):
    """One of a few words; whoever sends another is told which there are."""

    def __init__(self, choices: Iterable[str], **kwargs: Any) -> None:
        words = list(choices)
        super().__init__(choices=words, **kwargs)
        self.error_messages["invalid_choice"] = f"Use one of {', '.join(words)}."


class InstantField(serializers.DateTimeField):
    """An instant in RFC 3339: an offset is required, since a bare time means another instant in each zone."""

    default_error_messages = dict.fromkeys(("invalid", "date", "overflow"), _WRITE_THE_TIME)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str) and not _OFFSET.search(value):
            raise serializers.ValidationError(_WRITE_THE_TIME)
        return super().to_internal_value(value)


class TextField(serializers.CharField):
    """Text as it was sent: nothing is trimmed, numbers are not text."""

    default_error_messages = {"invalid": "Send a string."}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TextsField(serializers.DictField):
    """An object whose values are text; null is an empty one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=TextField(allow_blank=True), allow_null=True, required=False, **kwargs)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        texts: dict[str, str] = super().to_internal_value(data)
        if any("\0" in name for name in texts):
            raise serializers.ValidationError("Remove the null character from the names.")
        return texts


class PageInput(serializers.Serializer[Any]):
    page = serializers.IntegerField(min_value=1, max_value=10**9, default=1)
    pageSize = serializers.IntegerField(min_value=1, max_value=_MAX_PAGE_SIZE, default=100)


# --- Customers -----------------------------------------------------------------------------------------------------


class CustomerListInput(PageInput):
    key = TextField(required=False)
    name = TextField(required=False)
    primaryEmail = TextField(required=False)
    subject = TextField(required=False)
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


def customer_output(customer: Customer, *, subject_keys: Iterable[str]) -> dict[str, Any]:
    """Return a customer as the API shows it; the key attributes usage too, but is not among the subject keys."""
    return _present(
        {
            "id": customer.ulid,
            "key": customer.key,
            "name": customer.name,
            "description": customer.description,
            "usageAttribution": {"subjectKeys": [key for key in subject_keys if key != customer.key]},
            "primaryEmail": customer.primary_email,
            "currency": customer.currency and str(customer.currency),
            "billingAddress": customer.billing_address,
            "timeZone": customer.time_zone,
            "metadata": customer.metadata,
            "createdAt": customer.created_at,
            "updatedAt": customer.updated_at,
            "deletedAt": customer.deleted_at,
        }
    )


# --- Meters --------------------------------------------------------------------------------------------------------


class MeterListInput(serializers.Serializer[Any]):
    page = serializers.IntegerField(min_value=1, max_value=10**9, required=False)
    pageSize = serializers.IntegerField(min_value=1, max_value=_MAX_PAGE_SIZE, required=False)
    includeDeleted = serializers.BooleanField(default=False)
    order = ChoiceField(choices=["ASC", "DESC"], default="ASC")
    orderBy = ChoiceField(choices=["key", "name", "aggregation", "createdAt", "updatedAt"], default="createdAt")


class MeterInput(serializers.Serializer[Any]):
    slug = TextField(max_length=64)
    eventType = TextField()
    aggregation = ChoiceField(choices=Aggregation.values)
    valueProperty = TextField(max_length=256, required=False, allow_null=True, allow_blank=True, default="")
    groupBy = TextsField(default=dict)
    eventFrom = InstantField(required=False, allow_null=True, default=None)
    name = TextField(max_length=256, required=False, allow_null=True, default="")
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    metadata = TextsField(default=dict)

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `create_meter`."""
        sent = self.validated_data
        return {
            "slug": sent["slug"],
            "event_type": sent["eventType"],
            "aggregation": sent["aggregation"],
            "value_property": sent["valueProperty"] or "",
            "group_by": sent["groupBy"] or {},
            "event_from": sent["eventFrom"],
            "name": sent["name"] or "",
            "description": sent["description"] or "",
            "metadata": sent["metadata"] or {},
        }


class MeterChangeInput(serializers.Serializer[Any]):
    name = TextField(max_length=256, required=False, allow_null=True, default=None)
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    metadata = TextsField(default=dict)
    groupBy = TextsField()

    def values(self, *, group_by: Mapping[str, str]) -> dict[str, Any]:
        """Return what was sent in the words of `change_meter`; groups only where they differ from those there are."""
        sent = self.validated_data
        values = {
            "name": sent["name"] or "",
            "description": sent["description"] or "",
            "metadata": sent["metadata"] or {},
        }
        wanted = sent.get("groupBy")
        return values if wanted is None or wanted == group_by else values | {"group_by": wanted}


def meter_output(meter: Meter, *, group_by: Mapping[str, str]) -> dict[str, Any]:
    """Return a meter as the API shows it."""
    return _present(
        {
            "id": meter.ulid,
            "slug": meter.slug,
            "name": meter.name,
            "description": meter.description,
            "eventType": meter.event_type,
            "aggregation": meter.aggregation,
            "valueProperty": meter.value_property,
            "groupBy": dict(group_by),
            "eventFrom": meter.event_from,
            "metadata": meter.metadata,
            "createdAt": meter.created_at,
            "updatedAt": meter.updated_at,
            "deletedAt": meter.deleted_at,
        }
    )


# --- Usage ---------------------------------------------------------------------------------------------------------


class UsageInput(serializers.Serializer[Any]):
    """A usage query; `filterGroupBy` maps names of the meter's groups to the values that count."""

    clientId = TextField(required=False, allow_null=True)
    to = InstantField(required=False, allow_null=True, default=None)
    windowSize = ChoiceField(choices=list(WindowSize), required=False, allow_null=True, default=None)
    windowTimeZone = TextField(required=False, default="UTC")
    subject = serializers.ListField(child=TextField(), max_length=100, default=list)
    groupBy = serializers.ListField(child=TextField(), max_length=100, default=list)
    filterCustomerId = serializers.ListField(child=TextField(), max_length=100, default=list)
    filterGroupBy = serializers.DictField(child=serializers.ListField(child=TextField(allow_blank=True)), default=dict)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python, so it cannot be declared above.
        return {"from": InstantField(required=False, allow_null=True, default=None), **super().get_fields()}

    def validate_windowTimeZone(self, name: str) -> str:
        if name not in zone_names():
            raise serializers.ValidationError(f"There is no time zone {name}. Use an IANA name such as Europe/Paris.")
        return name

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["from"] and attrs["to"] and attrs["from"] >= attrs["to"]:
            raise serializers.ValidationError({"to": "The end has to be after the start in from."})
        return attrs


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not set, as OpenMeter does."""
    return {name: value for name, value in members.items() if value not in (None, "", {})}
