"""Pure: the frozen view of an invoice that is behind its document. Nothing in it changes once the invoice is issued."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale

from invoicing.formats import Formats
from metering.periods import Period

# Blanks, tabs, line ends and control characters; not the blanks that forbid a line end.
_GAPS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
# Where the town's line reads `Portland, OR 97201`.
_STATE_BEFORE_CODE = frozenset({"AU", "CA", "US"})


@dataclass(frozen=True)
class Party:
    """A seller or a buyer as copied at issue; `address` has a line for each line of print."""

    name: str
    address: tuple[str, ...] = ()
    email: str = ""
    tax_id: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Part:
    """One rounded part of a line, such as what was used in one tier; what a discount takes off counts no pieces."""

    name: str
    quantity: Decimal | None
    unit_amount: Decimal | None
    amount: Decimal


@dataclass(frozen=True)
class Line:
    """
    What is charged for one thing in one period; `unit_amount` is None where its parts have prices of their own.

    `free` of the units cost nothing by a discount; `note` says why a line is no whole period's.
    """

    name: str
    period: Period
    quantity: Decimal
    unit_amount: Decimal | None
    amount: Decimal
    parts: tuple[Part, ...] = ()
    free: Decimal = Decimal(0)
    note: str = ""


@dataclass(frozen=True)
class Discount:
    """What is taken off the whole invoice."""

    name: str
    amount: Decimal


@dataclass(frozen=True)
class Tax:
    """One rate on the sum of the nets it is computed on; within the price, `taxable` includes it."""

    name: str
    percentage: Decimal
    taxable: Decimal
    amount: Decimal
    is_inclusive: bool = False


@dataclass(frozen=True)
class Settlement:
    """A part of the total that is settled: what it came from, and when."""

    name: str
    at: datetime
    amount: Decimal


@dataclass(frozen=True)
class Corrected:
    """The invoice that a credit note corrects."""

    number: str
    issued_at: datetime


@dataclass(frozen=True)
class UsagePage:
    """
    What a metered line counted by day, and the steps of its price with what each comes to.

    `total` is the sum of the days where the meter `adds_up`; of others, such as different values, it is their own.
    `change` says what was billed before, empty for nothing.
    """

    name: str
    period: Period
    meter: str
    days: tuple[tuple[date, Decimal], ...]
    total: Decimal
    adds_up: bool
    steps: tuple[tuple[str, Decimal | None], ...]
    amount: Decimal
    change: str = ""


@dataclass(frozen=True)
class InvoiceDocument:
    """
    An issued invoice or credit note, ready to be written in its locale and zone.

    Amounts are in its currency; what a credit note gives back is above zero. `is_charged` says that the money is
    collected without the customer doing anything.
    """

    number: str
    issued_at: datetime
    due_at: datetime | None
    period: Period
    seller: Party
    buyer: Party
    currency: str
    lines: tuple[Line, ...]
    total: Decimal
    locale: str
    zone: ZoneInfo
    is_credit_note: bool = False
    corrects: Corrected | None = None
    reason: str = ""
    subtotal: Decimal = Decimal(0)
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[Tax, ...] = ()
    settlements: tuple[Settlement, ...] = ()
    is_charged: bool = False
    usage: tuple[UsagePage, ...] = ()
    logo: bytes = b""

    @property
    def formats(self) -> Formats:
        return Formats(locale=self.locale, zone=self.zone, currency=self.currency)

    @property
    def due(self) -> Decimal:
        """What is not settled yet."""
        return self.total - sum((settled.amount for settled in self.settlements), Decimal(0))

    @property
    def payment_note(self) -> str:
        """Say what to do about the total."""
        if not self.total:
            return "Nothing is to be paid."
        if self.is_credit_note:
            return self._credit_note
        if not self.due:
            return "This invoice is settled. Nothing is left to pay."
        amount = self.formats.money(self.due)
        by = f" by {self.formats.day(self.due_at)}" if self.due_at else ""
        if self.is_charged:
            return f"{amount} is charged to your payment method automatically{by}. You need not do anything."
        return f"Please pay {amount}{by}, quoting the invoice number {self.number}."

    @property
    def _credit_note(self) -> str:
        given = f"This credit note gives you back {self.formats.money(self.total)}."
        if not self.due:
            return given
        return f"{given} {self.formats.money(self.due)} of it is taken off what you owe next."


def party(copied: Mapping[str, Any]) -> Party:
    """Return a seller or a buyer from the copy that the invoice keeps."""
    return Party(
        name=_one_line(copied.get("name")),
        address=address_lines(copied.get("address") or {}),
        email=_one_line(copied.get("email")),
        tax_id=_one_line(copied.get("tax_id")),
        reference=_one_line(copied.get("key")),
    )


def address_lines(address: Mapping[str, str]) -> tuple[str, ...]:
    """
    Return an address as lines of print; what it lacks leaves no gap.

    >>> address_lines({"line1": "1 rue X", "postalCode": "75001", "city": "Paris", "country": "FR"})
    ('1 rue X', '75001 Paris', 'France')
    >>> address_lines({"city": "Portland", "state": "OR", "postalCode": "97201", "country": "US"})
    ('Portland, OR 97201', 'United States')
    """
    get = {name: _one_line(value) for name, value in address.items()}.get
    country, city, code, state = (get(name, "") for name in ("country", "city", "postalCode", "state"))
    if country.upper() in _STATE_BEFORE_CODE:
        town = [", ".join(filter(None, (city, f"{state} {code}".strip())))]
    else:
        town = [f"{code} {city}".strip(), state]
    lines = (get("line1", ""), get("line2", ""), *town, _country_name(country))
    return tuple(line for line in lines if line)


def line(
    *, name: str, period: Period, quantity: Decimal, amount: Decimal, parts: Sequence[Part], free: Decimal = Decimal(0)
) -> Line:
    """Return a line; its only part, where that is all of it, becomes the line's own unit price."""
    title = _one_line(name)
    if len(parts) == 1 and (parts[0].quantity, parts[0].amount) == (quantity, amount):
        return Line(title, period, quantity, parts[0].unit_amount, amount)
    return Line(title, period, quantity, None, amount, tuple(_without(part, name) for part in parts), free)


def _without(part: Part, line_name: str) -> Part:
    """Drop the line's name from a part's, as it stands above."""
    text = _one_line(part.name.removeprefix(f"{line_name}: "))
    return replace(part, name=text[:1].upper() + text[1:])


def _one_line(text: str | None) -> str:
    return _GAPS.sub(" ", text or "").strip()


def _country_name(code: str) -> str:
    return Locale("en").territories.get(code.upper(), code)
