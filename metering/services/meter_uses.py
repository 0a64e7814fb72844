"""What the layers above measure by a meter, which this one does not know."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from metering.models import Meter


class MeterUses(Protocol):
    """Names what would break if a meter went, or with `group` one of its groups: such as "the feature tokens"."""

    def __call__(self, meter: Meter, *, group: str | None, at: datetime) -> Sequence[str]: ...


_registered: list[MeterUses] = []


def register_meter_uses(uses: MeterUses) -> None:
    """Have a layer above asked before a meter is deleted or loses a group; called at start-up."""
    _registered.append(uses)


def uses_of(meter: Meter, *, at: datetime, group: str | None = None) -> list[str]:
    """Return what every layer names, in the order in which they registered."""
    return [use for uses in _registered for use in uses(meter, group=group, at=at)]
