"""Pure: what a line billed before and what it bills now, in words."""

from dataclasses import dataclass
from decimal import Decimal

from invoicing.lines import LineState
from pricing.rating.words import money, plain


@dataclass(frozen=True)
class Standing:
    """What all of a service period costs as one state knows it; no state is that nothing is billed."""

    state: LineState | None
    amount: Decimal


@dataclass(frozen=True)
class Change:
    """What was billed of a service period until now, and what is now: the line bills the difference."""

    before: Standing
    now: Standing
    is_metered: bool

    @property
    def difference(self) -> Decimal:
        return self.now.amount - self.before.amount

    @property
    def text(self) -> str:
        """
        Say the change in a sentence.

        >>> Change(Standing(None, Decimal("0.00")), Standing(None, Decimal("0.00")), is_metered=True).text
        'Until now nothing was billed; now nothing is billed; difference 0.00'
        """
        until = f"Until now {self._said(self.before, 'was')}"
        if self.before.state == self.now.state:
            return f"{until}; that stays as it is"
        return f"{until}; now {self._said(self.now, 'is')}; difference {money(self.difference)}"

    def _said(self, standing: Standing, verb: str) -> str:
        state = standing.state
        if state is None:
            return f"nothing {verb} billed"
        return f"{self._what(state)} = {money(standing.amount)}"

    def _what(self, state: LineState) -> str:
        if self.is_metered:
            return f"{plain(state.quantity)} unit{'' if state.quantity == 1 else 's'}"
        if state.billed is not None:
            return f"a minimum over charges of {money(state.billed)}"
        return "the whole period" if state.part == 1 else f"{state.part} of the period"
