"""Pure: amounts of usage at which it is billed before its period ends."""

from collections.abc import Iterator, Sequence
from decimal import Decimal


def crossed(
    *, amounts: Sequence[Decimal], recurring: Decimal | None, spent: Decimal, highest_before: Decimal
) -> Iterator[Decimal]:
    """
    Yield the thresholds above `highest_before` up to what is spent, the highest first.

    After the last of the fixed `amounts`, zero without any, one follows each `recurring` step, for ever: so in whatever
    steps the same is spent, the same thresholds are crossed.

    >>> [str(one) for one in crossed(amounts=[Decimal(10), Decimal(50)], recurring=Decimal(100), spent=Decimal(255),
    ...     highest_before=Decimal(12))]
    ['250', '150', '50']
    """
    last = max(amounts, default=Decimal(0))
    if recurring is not None:
        step = int((spent - last) // recurring)
        lowest = max(1, int((highest_before - last) // recurring) + 1)
        yield from (last + recurring * count for count in range(step, lowest - 1, -1))
    yield from sorted((amount for amount in amounts if highest_before < amount <= spent), reverse=True)
