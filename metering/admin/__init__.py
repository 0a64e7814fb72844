"""The operator's pages of metering; importing the modules registers them."""

from metering.admin import (
    access,
    buckets,
    clocks,
    corrections,
    customers,
    events,
    imports,
    meter_versions,
    meters,
    people,
    portal_tokens,
    subjects,
)

__all__ = [
    "access",
    "buckets",
    "clocks",
    "corrections",
    "customers",
    "events",
    "imports",
    "meter_versions",
    "meters",
    "people",
    "portal_tokens",
    "subjects",
]
