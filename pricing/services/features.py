"""Make and archive features: what is sold, and the meter that measures it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from metering.errors import DomainError
from metering.models import Aggregation, Meter
from pricing.models import Feature
from pricing.rate_card_rules import is_key
from pricing.services.conflicts import refusing

_BILLABLE = (Aggregation.SUM, Aggregation.COUNT, Aggregation.UNIQUE_COUNT, Aggregation.LATEST)


class InvalidFeature(DomainError):
    code = "feature_invalid"


class DuplicateFeature(DomainError):
    status = 409
    code = "feature_key_not_unique"


class FeatureArchived(DomainError):
    status = 409
    code = "feature_archived"


@transaction.atomic
def create_feature(
    *,
    key: str,
    name: str,
    at: datetime,
    meter: Meter | None = None,
    filters: Mapping[str, Sequence[str]] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Feature:
    """
    Make a feature; `filters` keep only events with these values of the meter's group-by names.

    :raises InvalidFeature: if the key, the name, the meter or a filter cannot be.
    :raises DuplicateFeature: if a feature that is not archived has the key.
    """
    filters = filters or {}
    if meter is not None:
        # Whoever takes the meter or its groups away waits, and then finds this feature.
        meter = Meter.objects.select_for_update(no_key=True).get(pk=meter.pk)
    _check(key, name, meter, filters)
    with refusing(
        "one_live_feature_per_key", lambda: DuplicateFeature(f"Choose another key than {key!r}: it is taken.")
    ):
        return Feature.objects.create(
            key=key,
            name=name,
            meter=meter,
            filters={group: list(values) for group, values in filters.items()},
            metadata=dict(metadata or {}),
            created_at=at,
            updated_at=at,
        )


@transaction.atomic
def archive_feature(*, feature_id: int, at: datetime) -> Feature:
    """
    Take a feature out of sale; what is subscribed goes on, and the key may be used again.

    :raises FeatureArchived: if it was archived before.
    """
    feature = Feature.objects.select_for_update().get(pk=feature_id)
    if feature.archived_at is not None:
        raise FeatureArchived(f"Leave the feature {feature.key!r} as it is: it was archived before.")
    feature.archived_at = feature.updated_at = at
    feature.save(update_fields=["archived_at", "updated_at"])
    return feature


def _check(key: str, name: str, meter: Meter | None, filters: Mapping[str, Sequence[str]]) -> None:
    if not is_key(key):
        raise InvalidFeature(f"Write the key as lower-case letters, digits and single underscores, not as {key!r}.")
    if not name.strip():
        raise InvalidFeature("Give the feature a name.")
    if meter is not None and meter.deleted_at is not None:
        raise InvalidFeature(f"Use a meter that is not deleted instead of {meter.slug!r}.")
    if meter is not None and meter.aggregation not in _BILLABLE:
        choices = ", ".join(_BILLABLE)
        raise InvalidFeature(f"Use a meter of {choices}: {meter.aggregation} of {meter.slug!r} is no quantity to bill.")
    if filters:
        _check_filters(meter, filters)


def _check_filters(meter: Meter | None, filters: Mapping[str, Sequence[str]]) -> None:
    if meter is None:
        raise InvalidFeature("Name the meter whose events the filters choose from, or leave the filters out.")
    known = meter.current_version.group_keys
    for group, values in filters.items():
        if group not in known:
            choices = f"one of {', '.join(known)}" if known else "no filter: the meter groups by nothing"
            raise InvalidFeature(f"Use {choices}, instead of the filter {group!r}.")
        if isinstance(values, str) or not values or any(not isinstance(value, str) for value in values):
            raise InvalidFeature(f"List the values of {group!r} that count, each as a text.")
