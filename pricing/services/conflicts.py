"""From a broken constraint of the database to an anticipated error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from metering.errors import DomainError


@contextmanager
def refusing(constraint: str, error: Callable[[], DomainError]) -> Iterator[None]:
    """
    Raise what `error` makes if the block breaks the named constraint; the transaction around it stays usable.

    A violation of any other constraint goes through as it is.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as violation:
        diagnosis = getattr(violation.__cause__, "diag", None)
        if diagnosis is None or diagnosis.constraint_name != constraint:
            raise
        raise error() from violation
