"""Pure: a profile's way of working in OpenMeter's JSON shape, as an invoice keeps it from the day it is drafted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from metering.errors import DomainError

_FORM = re.compile(r"P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII)
# Longer waits are mistakes, and would leave the calendar.
_LONGEST = timedelta(days=3660)
AUTOMATICALLY = "charge_automatically"


class InvalidWait(DomainError):
    """A wait of a workflow is not one."""

    code = "workflow_duration_invalid"


@dataclass(frozen=True)
class Workflow:
    """
    When an invoice is collected, approved, due and paid, and how it is taxed.

    `collection_anchor` has a time and an interval (ISO 8601) where all lines are collected at one time; else None.
    """

    collection_anchor: Mapping[str, str] | None = None
    collection_interval: timedelta = timedelta(hours=1)
    is_auto_advancing: bool = True
    draft_period: timedelta = timedelta(0)
    due_after: timedelta = timedelta(days=30)
    is_progressive: bool = True
    default_tax_config: Mapping[str, Any] | None = None
    collection_method: str = AUTOMATICALLY
    is_taxing: bool = True
    is_tax_enforced: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it in OpenMeter's shape."""
        alignment: dict[str, Any] = {"type": "subscription"}
        if self.collection_anchor:
            alignment = {"type": "anchored", "recurringPeriod": dict(self.collection_anchor)}
        invoicing: dict[str, Any] = {
            "autoAdvance": self.is_auto_advancing,
            "draftPeriod": wait_text(self.draft_period),
            "dueAfter": wait_text(self.due_after),
            "progressiveBilling": self.is_progressive,
            "subscriptionEndProrationMode": "bill_actual_period",
        }
        if self.default_tax_config:
            invoicing["defaultTaxConfig"] = dict(self.default_tax_config)
        return {
            "collection": {"alignment": alignment, "interval": wait_text(self.collection_interval)},
            "invoicing": invoicing,
            "payment": {"collectionMethod": self.collection_method},
            "tax": {"enabled": self.is_taxing, "enforced": self.is_tax_enforced},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Workflow":
        """
        Read it from OpenMeter's shape; what is missing is as OpenMeter has it by default.

        :raises InvalidWait: if a duration is none.
        """
        collection, invoicing = data.get("collection") or {}, data.get("invoicing") or {}
        alignment, tax = collection.get("alignment") or {}, data.get("tax") or {}
        return cls(
            collection_anchor=alignment.get("recurringPeriod"),
            collection_interval=parse_wait(collection.get("interval") or "PT1H"),
            is_auto_advancing=_or(invoicing.get("autoAdvance"), True),
            draft_period=parse_wait(invoicing.get("draftPeriod") or "P0D"),
            due_after=parse_wait(invoicing.get("dueAfter") or "P30D"),
            is_progressive=_or(invoicing.get("progressiveBilling"), True),
            default_tax_config=invoicing.get("defaultTaxConfig"),
            collection_method=(data.get("payment") or {}).get("collectionMethod") or AUTOMATICALLY,
            is_taxing=_or(tax.get("enabled"), True),
            is_tax_enforced=_or(tax.get("enforced"), False),
        )


def parse_wait(text: str) -> timedelta:
    """
    Read a wait in real time, such as `PT1H` or `P30D`; a month has no length of its own.

    :raises InvalidWait: if it is none, or is over ten years.

    >>> parse_wait("P1DT6H")
    datetime.timedelta(days=1, seconds=21600)
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidWait(f"Write {text!r} as an ISO 8601 duration in weeks, days, hours, minutes and seconds: P30D.")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    try:
        wait = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        wait = _LONGEST + timedelta(1)
    if wait > _LONGEST:
        raise InvalidWait(f"Use a shorter duration than {text!r}: at most ten years.")
    return wait


def wait_text(wait: timedelta) -> str:
    """
    Write a wait as an ISO 8601 duration.

    >>> wait_text(timedelta(days=30)), wait_text(timedelta(hours=25)), wait_text(timedelta(0))
    ('P30D', 'P1DT1H', 'P0D')
    """
    minutes, seconds = divmod(wait.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    time = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
    date = f"{wait.days}D" if wait.days or not time else ""
    return f"P{date}{'T' if time else ''}{time}"


def _or(value: bool | None, default: bool) -> bool:
    return default if value is None else value
