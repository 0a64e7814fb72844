"""Pure: apps that invoice and collect. Every one of them has the same steps, in the same words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from invoicing.validation import Issue
from metering.errors import DomainError

SANDBOX_OUTCOME = "openmeter.io/sandbox/target-payment-status"


class AppRefused(DomainError):
    """The app did not take what it was sent."""

    status = 409
    code = "app_refused"


@dataclass(frozen=True)
class AppInvoice:
    """What an app is told of an invoice; `ulid` is the same for a repeat of the same step."""

    ulid: str
    name: str
    currency: str
    total: Decimal
    customer_metadata: Mapping[str, str]


@dataclass(frozen=True)
class Charge:
    """What to collect, and from whom; `reference` is the same for a repeat of the same attempt."""

    reference: str
    amount: Decimal
    currency: str
    customer_metadata: Mapping[str, str]


class Result(StrEnum):
    """How an attempt to collect ended; PENDING is that the answer comes later."""

    PAID = "paid"
    FAILED = "failed"
    UNCOLLECTIBLE = "uncollectible"
    ACTION_REQUIRED = "action_required"
    PENDING = "pending"


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended; `reason` says why it did not succeed."""

    result: Result
    reason: str = ""

    @property
    def succeeded(self) -> bool:
        return self.result == Result.PAID


class Provider(Protocol):
    """The steps of an app. Each may be repeated, and raises `AppRefused` where it fails."""

    calls_back: bool
    """Whether it tells by calls how it fares."""

    def validate(self, invoice: AppInvoice) -> Sequence[Issue]:
        """Say what keeps the app from taking an invoice."""
        ...

    def upsert_draft(self, invoice: AppInvoice) -> None:
        """Send a draft, or what changed of it."""
        ...

    def finalise(self, invoice: AppInvoice) -> None:
        """Have the app issue it too."""
        ...

    def delete(self, invoice: AppInvoice) -> None:
        """Take a draft back."""
        ...

    def collect(self, charge: Charge) -> Outcome:
        """Try to collect a charge."""
        ...


class _KeepsNothing:
    """Needs to be told of nothing: it reads our invoices, or has no memory."""

    calls_back = False

    def validate(self, invoice: AppInvoice) -> Sequence[Issue]:
        """Find nothing wrong."""
        return ()

    def upsert_draft(self, invoice: AppInvoice) -> None:
        """Take it."""

    def finalise(self, invoice: AppInvoice) -> None:
        """Take it."""

    def delete(self, invoice: AppInvoice) -> None:
        """Forget it."""


class Sandbox(_KeepsNothing):
    """Needs no account and moves no money: settles at once, unless the customer's metadata asks for another outcome."""

    def collect(self, charge: Charge) -> Outcome:
        """Answer as the customer's metadata says: `failed`, `uncollectible`, `action_required`, or else paid."""
        wanted = charge.customer_metadata.get(SANDBOX_OUTCOME)
        if wanted not in _SANDBOX_OUTCOMES:
            return Outcome(Result.PAID)
        return Outcome(
            Result(wanted), f"The customer's metadata {SANDBOX_OUTCOME} asks for {_SANDBOX_OUTCOMES[wanted]}."
        )


class CustomInvoicing(_KeepsNothing):
    """Another system that reads our invoices and calls back, for drafts and issues where its hooks ask for that."""

    calls_back = True

    def collect(self, charge: Charge) -> Outcome:
        """Leave it to the other system, which tells of the payment by a call."""
        return Outcome(Result.PENDING)


_SANDBOX_OUTCOMES = {
    "failed": "a failure",
    "uncollectible": "a debt that is given up",
    "action_required": "an act of the customer",
}
# One for each type of app.
PROVIDERS: dict[str, Provider] = {"sandbox": Sandbox(), "custom_invoicing": CustomInvoicing()}
