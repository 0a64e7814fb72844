"""Why something is changed: what cannot be changed without a reason asks for one here."""

from metering.errors import DomainError


class ReasonIsMissing(DomainError):
    code = "reason_is_missing"


def check_reason(reason: str) -> None:
    """
    Pass if it says something.

    :raises ReasonIsMissing: if it does not.
    """
    if not reason.strip():
        raise ReasonIsMissing("Say why, in a few words; the reason is kept with the correction.")
