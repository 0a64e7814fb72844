"""Meters as the API takes and shows them, in OpenMeter's shapes."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from metering.models import Aggregation, Meter, MeterVersion
from metering.queries.backfill import backfill_of
from metering.serializers.fields import MAX_PAGE_SIZE, ChoiceField, InstantField, TextField, TextsField, present

_MEASURED = {
    "slug": "slug",
    "eventType": "event_type",
    "aggregation": "aggregation",
    "valueProperty": "value_property",
    "eventFrom": "event_from",
}


class MeterListInput(serializers.Serializer[Any]):
    page = serializers.IntegerField(min_value=1, max_value=10**9, required=False)
    pageSize = serializers.IntegerField(min_value=1, max_value=MAX_PAGE_SIZE, required=False)
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

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `change_meter`; without groups, they stay."""
        sent = self.validated_data
        values = {
            "name": sent["name"] or "",
            "description": sent["description"] or "",
            "metadata": sent["metadata"] or {},
        }
        wanted = sent.get("groupBy")
        return values if wanted is None else values | {"group_by": wanted}


class WholeMeterInput(MeterChangeInput):
    """A change from clients that send the whole meter back: what it measures has to be as it is."""

    slug = TextField(required=False, allow_null=True)
    eventType = TextField(required=False, allow_null=True)
    aggregation = ChoiceField(choices=Aggregation.values, required=False, allow_null=True)
    valueProperty = TextField(required=False, allow_null=True, allow_blank=True)
    eventFrom = InstantField(required=False, allow_null=True)

    def check_measures_the_same(self, meter: Meter) -> None:
        """
        Pass if what cannot change was left out or sent as it is.

        :raises ValidationError: naming each field that would change.
        """
        sent = self.validated_data
        changed = {
            name: f"It cannot change from {_shown(getattr(meter, field))}. Make another meter instead."
            for name, field in _MEASURED.items()
            if sent.get(name) not in (None, getattr(meter, field))
        }
        if changed:
            raise serializers.ValidationError(changed)


def meter_output(meter: Meter, *, version: MeterVersion) -> dict[str, Any]:
    """Return a meter as the API shows it, with how far back-fill is while there is any."""
    backfill = backfill_of(version)
    return present(
        {
            "id": meter.ulid,
            "slug": meter.slug,
            "name": meter.name,
            "description": meter.description,
            "eventType": meter.event_type,
            "aggregation": meter.aggregation,
            "valueProperty": meter.value_property,
            "groupBy": dict(version.group_by),
            "eventFrom": meter.event_from,
            "metadata": meter.metadata,
            "createdAt": meter.created_at,
            "updatedAt": meter.updated_at,
            "deletedAt": meter.deleted_at,
            "backfill": backfill and {"done": backfill.done, "total": backfill.total},
        }
    )


def _shown(value: datetime | str | None) -> str:
    return value.isoformat() if isinstance(value, datetime) else value or "none"
