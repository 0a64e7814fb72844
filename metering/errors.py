"""The base of every anticipated error."""

from collections.abc import Mapping


class DomainError(Exception):
    """
    Something the caller can mend; the message is one sentence that says what to change.

    Subclasses set the HTTP status and a code; they live beside the function that raises them.
    """

    status = 400
    code = "invalid"

    def __init__(self, message: str, *, extensions: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = dict(extensions or {})
