"""Pure: what keys and ids look like."""

import re

KEY = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}")
MAX_KEY_LENGTH = 64


def is_key(text: str) -> bool:
    """Tell whether a text may be a key: lower-case words and digits joined by underscores, 64 characters at most."""
    return len(text) <= MAX_KEY_LENGTH and KEY.fullmatch(text) is not None


def is_ulid(text: str) -> bool:
    """Tell whether a text looks like an id."""
    return ULID.fullmatch(text) is not None


def key_advice(what: str, key: str) -> str:
    """Say how a key is written."""
    return (
        f"Write the key of the {what} as 1 to {MAX_KEY_LENGTH} lower-case letters, digits and single underscores, "
        f"not as {key!r}."
    )
