"""Mail for an installation without a mail server: a few lines on the terminal, easy to find among the log."""

import sys
import threading
from collections.abc import Sequence
from typing import TextIO

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_lock = threading.Lock()


class EmailBackend(BaseEmailBackend):
    def __init__(self, fail_silently: bool = False, stream: TextIO | None = None, **kwargs: object) -> None:
        super().__init__(fail_silently=fail_silently)
        self.stream = stream or sys.stdout

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Print each message as one block."""
        with _lock:
            for message in email_messages:
                self.stream.write(_writable(as_block(message), self.stream))
            self.stream.flush()
        return len(email_messages)


def as_block(message: EmailMessage) -> str:
    """
    Return the message with a bar down its left side: whom it goes to, its subject, and what a reader needs of the body.

    >>> print(as_block(EmailMessage("Your code", "Enter it:\\n\\nBCDF-GHJK\\n\\nBye.", to=["a@acme.example"])).strip())
    ┃ Mail to a@acme.example: Your code
    ┃ Enter it:
    ┃ BCDF-GHJK
    ┃ Bye.
    """
    lines = [f"Mail to {', '.join(message.recipients())}: {message.subject}", *str(message.body).splitlines()]
    shown = "".join(f"┃ {line}\n" for line in lines if line.strip())
    return f"\n{shown}\n"


def _writable(text: str, stream: TextIO) -> str:
    # A terminal that lacks a letter must not cost somebody their sign-in.
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
