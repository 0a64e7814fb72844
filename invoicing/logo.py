"""Pure: a seller's logo, which is a PNG or an SVG picture that can be drawn."""

import json
from functools import lru_cache
from pathlib import Path

import typst

from metering.errors import DomainError

MOST_BYTES = 200_000
_FOLDER = Path(__file__).with_name("typst")
_PNG = b"\x89PNG\r\n\x1a\n"
_MEDIA_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


class InvalidLogo(DomainError):
    """The logo cannot be drawn."""

    code = "logo_invalid"


def check_logo(content: bytes) -> None:
    """
    Draw a logo once, so that no document stumbles over it later.

    :raises InvalidLogo: if it is too large, neither PNG nor SVG, or broken.
    """
    if len(content) > MOST_BYTES:
        raise InvalidLogo(f"Choose a smaller picture: this one has {len(content):,} bytes, {MOST_BYTES:,} are allowed.")
    if not logo_format(content):
        raise InvalidLogo("Choose a PNG or SVG picture that can be drawn: this file is none.")


@lru_cache(maxsize=64)
def logo_format(content: bytes) -> str:
    """Return `png` or `svg` for a picture that can be drawn, empty for anything else."""
    format_ = _signed_format(content)
    if not format_:
        return ""
    try:
        typst.compile(
            _FOLDER / "logo.typ",
            root=_FOLDER,
            ignore_system_fonts=True,
            sys_inputs={"logo": json.dumps({"format": format_, "bytes": list(content)})},
        )
    except typst.TypstError:
        return ""
    return format_


def media_type(content: bytes) -> str:
    """Return the media type of a picture that can be drawn, empty for anything else."""
    return _MEDIA_TYPES.get(logo_format(content), "")


def _signed_format(content: bytes) -> str:
    if content.startswith(_PNG):
        return "png"
    return "svg" if b"<svg" in content[:1000] else ""
