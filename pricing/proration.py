"""Shares of a period."""

from fractions import Fraction

from metering.periods import Period


def share(part: Period, whole: Period) -> Fraction:
    """
    Return which share of `whole` the time in `part` is, by real seconds, exactly.

    Nothing is rounded here: `rate` multiplies by the share and rounds once.

    :raises ValueError: if the part does not lie within the whole.
    """
    if part.start < whole.start or part.end > whole.end:
        raise ValueError(
            f"The part from {part.start} to {part.end} has to lie within the period "
            f"from {whole.start} to {whole.end}: intersect them first."
        )
    return Fraction(part.seconds) / Fraction(whole.seconds)
