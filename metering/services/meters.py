"""Make and change meters."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from metering.errors import DomainError
from metering.ingest.fence import current_bound
from metering.jsonpath import parse_path
from metering.models import Aggregation, Batch, BatchKind, Meter, MeterVersion
from metering.services.meter_uses import uses_of
from metering.services.rollups import lock_rollups

_SLUG = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
_GROUP_NAME = re.compile(r"[a-zA-Z_][0-9a-zA-Z_]*")
_TAKEN_GROUP_NAMES = frozenset({"subject", "customer_id"})
_LONGEST_SLUG = 64
_LONGEST_PATH = 256
_LONGEST_NAME = 256
_CHANGEABLE = frozenset({"name", "description", "metadata", "group_by"})


class InvalidMeter(DomainError):
    code = "invalid_meter"


class MeterExists(DomainError):
    status = 409
    code = "meter_exists"


class MeterInUse(DomainError):
    status = 409
    code = "meter_in_use"


class MeterHasChanged(DomainError):
    status = 409
    code = "meter_has_changed"


@transaction.atomic
def create_meter(
    *,
    slug: str,
    event_type: str,
    aggregation: str,
    at: datetime,
    value_property: str = "",
    group_by: Mapping[str, str] | None = None,
    name: str = "",
    description: str = "",
    event_from: datetime | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Meter:
    """
    Make a meter. Events that were there before count at once; a back-fill later makes reading them fast.

    Waits for running roll-ups, and for events that are being written right now.

    :raises InvalidMeter: naming what is wrong with a field.
    :raises MeterExists: if another live meter has the slug.
    """
    group_by = dict(group_by or {})
    _check_names(slug, event_type, name)
    _check_value(aggregation, value_property)
    _check_groups(group_by, value_property)
    lock_rollups()
    meter = _insert(
        slug=slug,
        name=name or slug,
        description=description,
        event_type=event_type,
        aggregation=aggregation,
        value_property=value_property,
        event_from=event_from,
        metadata=dict(metadata or {}),
        created_at=at,
        updated_at=at,
    )
    _add_version(meter, group_by, at)
    return meter


def draft_version(
    *,
    event_type: str,
    aggregation: str,
    value_property: str = "",
    group_by: Mapping[str, str] | None = None,
    event_from: datetime | None = None,
) -> MeterVersion:
    """
    Return the version that such a meter would have, unsaved, so that usage can be read from raw events before.

    :raises InvalidMeter: naming what is wrong with a field.
    """
    groups = dict(group_by or {})
    _check_event_type(event_type)
    _check_value(aggregation, value_property)
    _check_groups(groups, value_property)
    meter = Meter(event_type=event_type, aggregation=aggregation, value_property=value_property, event_from=event_from)
    return MeterVersion(meter=meter, number=1, group_by=groups, floor_batch=0)


@transaction.atomic
def change_meter(*, meter_id: int, at: datetime, unless_changed_since: datetime | None = None, **changes: Any) -> Meter:
    """
    Change `name`, `description`, `metadata` or `group_by` of a meter; what it measures stays.

    Other groups make a new version, which counts all events there are; lines billed by an older version keep theirs.
    `unless_changed_since` is the time of the last change that the caller knows of.

    :raises InvalidMeter: if another field is given, or one of these is wrong.
    :raises MeterHasChanged: if the last change is another one than `unless_changed_since`.
    :raises MeterInUse: if a feature chooses events by a group that would go.
    """
    if unknown := sorted(set(changes) - _CHANGEABLE):
        raise InvalidMeter(f"A meter's {' and '.join(unknown)} cannot change. Make another meter instead.")
    group_by = changes.pop("group_by", None)
    # Who sends back the groups there are waits for no roll-up.
    has_new_groups = group_by is not None and group_by != Meter.objects.get(pk=meter_id).current_version.group_by
    if has_new_groups:
        lock_rollups()
    meter = Meter.objects.select_for_update().get(pk=meter_id)
    if unless_changed_since not in (None, meter.updated_at):
        raise MeterHasChanged(
            f"Open {meter.slug} again and change what is there now: somebody has changed it since you opened it."
        )
    if "name" in changes:
        changes["name"] = changes["name"] or meter.slug
        _check_length("name", changes["name"], _LONGEST_NAME)
    for field, value in changes.items():
        setattr(meter, field, value)
    meter.updated_at = at
    meter.save(update_fields=[*changes, "updated_at"])
    if has_new_groups:
        _change_groups(meter, dict(group_by), at)
    return meter


@transaction.atomic
def delete_meter(*, meter_id: int, at: datetime) -> Meter:
    """
    Make a meter's slug free; its events and buckets stay. Of a deleted one, change nothing.

    :raises MeterInUse: if a feature that is on sale or subscribed to is measured by it.
    """
    meter = Meter.objects.select_for_update().get(pk=meter_id)
    if meter.deleted_at is None:
        if uses := uses_of(meter, at=at):
            measured = " and ".join(uses)
            raise MeterInUse(f"First archive what {meter.slug} measures, and end subscriptions to it: {measured}.")
        meter.deleted_at = meter.updated_at = at
        meter.save(update_fields=["deleted_at", "updated_at"])
    return meter


def _insert(**fields: Any) -> Meter:
    try:
        with transaction.atomic():
            return Meter.objects.create(**fields)
    except IntegrityError as error:
        if "one_live_meter_per_slug" not in str(error):
            raise
        raise MeterExists(f"There is a meter {fields['slug']} already. Choose another slug.") from None


def _change_groups(meter: Meter, group_by: dict[str, str], at: datetime) -> None:
    current = meter.current_version.group_by
    if group_by != current:
        _check_groups(group_by, meter.value_property)
        _check_unused(meter, current.keys() - group_by.keys(), at)
        _add_version(meter, group_by, at)


def _add_version(meter: Meter, group_by: dict[str, str], at: datetime) -> None:
    # The roll-up lock is held: whatever is written from now on has a higher batch, and is rolled up for this version.
    bound = current_bound()
    has_past = Batch.objects.filter(kind=BatchKind.EVENTS, pk__lte=bound, accepted__gt=0).exists()
    MeterVersion.objects.create(
        meter=meter,
        number=meter.versions.count() + 1,
        group_by=group_by,
        floor_batch=bound,
        backfilled_at=None if has_past else at,
        created_at=at,
    )


def _check_names(slug: str, event_type: str, name: str) -> None:
    if _SLUG.fullmatch(slug) is None:
        raise InvalidMeter("Write the slug in lower-case letters and digits, joined by single underscores.")
    _check_length("slug", slug, _LONGEST_SLUG)
    _check_length("name", name, _LONGEST_NAME)
    _check_event_type(event_type)


def _check_event_type(event_type: str) -> None:
    if not event_type or "\x00" in event_type:
        raise InvalidMeter("Name the event type that this meter measures, such as llm_tokens.")


def _check_value(aggregation: str, value_property: str) -> None:
    if aggregation not in Aggregation.values:
        raise InvalidMeter(f"The aggregation {aggregation!r} is not one of {', '.join(Aggregation.values)}.")
    if aggregation == Aggregation.COUNT and value_property:
        raise InvalidMeter("A COUNT meter counts events: leave out its value property.")
    if aggregation != Aggregation.COUNT:
        if not value_property:
            raise InvalidMeter(f"A {aggregation} meter needs a value property, such as $.tokens.")
        _check_path("value property", value_property)


def _check_groups(group_by: Mapping[str, str], value_property: str) -> None:
    for name, path in group_by.items():
        if _GROUP_NAME.fullmatch(name) is None:
            raise InvalidMeter(f"The group {name!r} has to be letters, digits and underscores, not a digit first.")
        if name in _TAKEN_GROUP_NAMES:
            raise InvalidMeter(f"Every meter can be grouped by {name}. Give the group {name!r} another name.")
        _check_path(f"group {name}", path)
        if value_property and parse_path(path) == parse_path(value_property):
            raise InvalidMeter(f"The group {name} has the path of the value property. Give it another path.")


def _check_unused(meter: Meter, groups: Collection[str], at: datetime) -> None:
    for group in sorted(groups):
        if uses := uses_of(meter, at=at, group=group):
            raise MeterInUse(f"Keep the group {group}: events are chosen by it for {' and '.join(uses)}.")


def _check_path(field: str, path: str) -> None:
    _check_length(field, path, _LONGEST_PATH)
    try:
        parse_path(path)
    except ValueError as error:
        raise InvalidMeter(f"The {field} is wrong. {error}") from None


def _check_length(field: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise InvalidMeter(f"The {field} has {len(text)} characters. Use at most {longest}.")
