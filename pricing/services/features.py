"""Make and archive features: what is sold, and the meter that measures it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from metering.errors import DomainError
from metering.models import Aggregation, Meter
from pricing.feature_filters import normal_filters
from pricing.keys import is_key, is_ulid
from pricing.models import Feature
from pricing.normal_terms import normal_json
from pricing.services.conflicts import refusing
from pricing.unit_costs import unit_cost_issues

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
    filters: Mapping[str, object] | None = None,
    unit_cost: Mapping[str, Any] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Feature:
    """
    Make a feature; `filters` keep only events whose values of the meter's groups meet a condition.

    A condition is a text, a list of texts, or a filter in JSON such as `{"$in": ["large"]}`, which is what is stored.

    :raises InvalidFeature: if the key, the name, the meter, a filter or the cost cannot be.
    :raises DuplicateFeature: if a feature that is not archived has the key.
    """
    if meter is not None:
        # Whoever takes the meter or its groups away waits, and then finds this feature.
        meter = Meter.objects.select_for_update(no_key=True).get(pk=meter.pk)
    _check_names(key, name)
    _check_meter(meter)
    stored_filters = _checked_filters(meter, filters or {})
    with refusing(
        "one_live_feature_per_key", lambda: DuplicateFeature(f"Choose another key than {key!r}: it is taken.")
    ):
        return Feature.objects.create(
            key=key,
            name=name,
            meter=meter,
            filters=stored_filters,
            unit_cost=_checked_cost(meter, unit_cost),
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


def _check_names(key: str, name: str) -> None:
    if not is_key(key):
        raise InvalidFeature(f"Write the key as lower-case letters, digits and single underscores, not as {key!r}.")
    if is_ulid(key):
        raise InvalidFeature(f"Choose another key than {key!r}: it looks like an id.")
    if not name.strip():
        raise InvalidFeature("Give the feature a name.")


def _check_meter(meter: Meter | None) -> None:
    if meter is None:
        return
    if meter.deleted_at is not None:
        raise InvalidFeature(f"Use a meter that is not deleted instead of {meter.slug!r}.")
    if meter.aggregation not in _BILLABLE:
        choices = ", ".join(_BILLABLE)
        raise InvalidFeature(f"Use a meter of {choices}: {meter.aggregation} of {meter.slug!r} is no quantity to bill.")


def _checked_filters(meter: Meter | None, filters: Mapping[str, object]) -> dict[str, Any]:
    if not filters:
        return {}
    if meter is None:
        raise InvalidFeature("Name the meter whose events the filters choose from, or leave the filters out.")
    known = meter.current_version.group_keys
    for group in filters:
        if group not in known:
            choices = f"one of {', '.join(known)}" if known else "no filter: the meter groups by nothing"
            raise InvalidFeature(f"Use {choices}, instead of the filter {group!r}.")
    try:
        return normal_filters(filters)
    except ValueError as error:
        raise InvalidFeature(f"A filter cannot be: {error}") from None


def _checked_cost(meter: Meter | None, unit_cost: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not unit_cost:
        return None
    groups = meter.current_version.group_keys if meter else ()
    issues = list(unit_cost_issues(unit_cost, groups=groups))
    if issues:
        errors = [issue.as_json() for issue in issues]
        raise InvalidFeature(issues[0].message, extensions={"validationErrors": errors})
    return normal_json(unit_cost)
