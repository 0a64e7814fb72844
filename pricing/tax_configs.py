"""Pure: how a rate card is taxed, in OpenMeter's JSON shape."""

import re
from collections.abc import Iterator, Mapping

from pricing.issues import Issue
from pricing.keys import ULID

_BEHAVIORS = ("inclusive", "exclusive")
_STRIPE_CODE = re.compile(r"txcd_[0-9]{8}")
_MEMBERS = ("behavior", "taxCodeId", "stripe", "customInvoicing")
_PATH = ".taxConfig"


def tax_issues(config: object) -> Iterator[Issue]:
    """Yield what is wrong with a rate card's tax, None being none; paths start at the rate card."""
    if config is None:
        return
    if not isinstance(config, Mapping):
        yield _wrong("Write taxConfig as an object.", "")
        return
    for name in config.keys() - set(_MEMBERS):
        yield _wrong(f"Remove {name}: only {', '.join(_MEMBERS)} can be set here.", f".{name}")
    if config.get("behavior") not in (None, *_BEHAVIORS):
        yield _wrong(f"Set the behavior to {' or '.join(_BEHAVIORS)}.", ".behavior")
    if not _is_text(config.get("taxCodeId", "0" * 26), ULID):
        yield _wrong("Name a tax code by its id, which has 26 characters.", ".taxCodeId")
    if "stripe" in config and not _is_text(_code(config["stripe"]), _STRIPE_CODE):
        yield _wrong("Write Stripe's tax code as txcd_ and eight digits.", ".stripe.code")
    if "customInvoicing" in config and not _code(config["customInvoicing"]):
        yield _wrong("Give the tax code of the custom invoicing as a text.", ".customInvoicing.code")


def _code(part: object) -> object:
    code = part.get("code") if isinstance(part, Mapping) else None
    return code if isinstance(code, str) else None


def _is_text(value: object, form: re.Pattern[str]) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _wrong(message: str, field: str) -> Issue:
    return Issue("tax_config_invalid", message, _PATH + field, is_critical=True)
