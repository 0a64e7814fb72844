"""Pure: how money is collected. Every provider answers the same question in the same words."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

SANDBOX_OUTCOME = "openmeter.io/sandbox/target-payment-status"


@dataclass(frozen=True)
class Charge:
    """What to collect, and from whom; `reference` is the same for a repeat of the same attempt."""

    reference: str
    amount: Decimal
    currency: str
    customer_metadata: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended; `reason` says why it failed."""

    succeeded: bool
    reason: str = ""


class PaymentProvider(Protocol):
    def collect(self, charge: Charge) -> Outcome:
        """Try to collect a charge."""
        ...


class Sandbox:
    """Needs no account and moves no money: settles at once, unless the customer's metadata asks for a failure."""

    def collect(self, charge: Charge) -> Outcome:
        """Answer as the customer's metadata says: `failed`, or else paid."""
        if charge.customer_metadata.get(SANDBOX_OUTCOME) == "failed":
            return Outcome(succeeded=False, reason=f"The customer's metadata {SANDBOX_OUTCOME} asks for a failure.")
        return Outcome(succeeded=True)


# One for each type of app.
PROVIDERS: dict[str, PaymentProvider] = {"sandbox": Sandbox()}
