"""Pure: what one rate card says, as plain data that can be compared, copied and stored."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

JsonObject = Mapping[str, Any]


@dataclass(frozen=True)
class Terms:
    """
    One rate card: its price, what it includes, how it is taxed.

    `price`, `discounts`, `unit_config` and the others are in OpenMeter's JSON shape; `price` None gives access alone,
    `billing_cadence` None bills once. `feature_id` is the feature's primary key.
    """

    type: str
    key: str
    name: str
    description: str = ""
    feature_id: int | None = None
    billing_cadence: str | None = "P1M"
    price: JsonObject | None = None
    discounts: JsonObject | None = None
    unit_config: JsonObject | None = None
    prorate_commitments: bool = False
    entitlement_template: JsonObject | None = None
    tax_config: JsonObject | None = None
    metadata: JsonObject = field(default_factory=dict)

    @property
    def is_one_time_fee(self) -> bool:
        """Whether it has a price that is billed once."""
        return self.price is not None and self.billing_cadence is None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: JsonObject) -> "Terms":
        """Read what `to_json` wrote."""
        return cls(**data)
