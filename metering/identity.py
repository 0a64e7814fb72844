"""Pure: the 16-byte keys under which text of any length is found."""

import hashlib
from collections.abc import Sequence
from uuid import UUID


def event_key(source: str, event_id: str) -> UUID:
    """Return the identity of an event for ever: blake2b over the length-prefixed bytes of its source and id."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (source, event_id):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    return UUID(bytes=digest.digest())


def text_hash(text: str) -> UUID:
    """Return the first 16 bytes of the SHA-256 of a text's UTF-8 bytes, as PostgreSQL computes it too."""
    return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])


def series_hash(version_id: int, subject: str, group_values: Sequence[str]) -> UUID:
    """Return the identity of a line of usage: the hash of its length-prefixed parts, as PostgreSQL computes it too."""
    parts = "".join(f"{len(part.encode())}:{part}" for part in (subject, *group_values))
    return text_hash(f"{version_id}:{parts}")
