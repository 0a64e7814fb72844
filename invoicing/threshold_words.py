"""Pure: spend thresholds as an operator writes them, a currency a line."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

_LINE = re.compile(r"(?P<currency>[A-Za-z]{3})\s+(?P<rest>.+)")
_EVERY = re.compile(r"(?:then\s+)?every\s+(?P<step>\S+)", re.IGNORECASE)
_EXAMPLE = "USD 10, 50, then every 100"


def parse_thresholds(text: str) -> dict[str, dict[str, Any]]:
    """
    Read thresholds, as a profile stores them; amounts as decimal strings in rising order.

    >>> parse_thresholds("USD 50, 10, then every 100")
    {'USD': {'amounts': ['10', '50'], 'recurring': '100'}}

    :raises ValueError: with a sentence that says what to change.
    """
    found: dict[str, dict[str, Any]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"Write each line like {_EXAMPLE}: {line!r}.")
        currency = match["currency"].upper()
        if currency in found:
            raise ValueError(f"Write one line for {currency}.")
        found[currency] = _entry([part.strip() for part in match["rest"].split(",")], line)
    return found


def thresholds_text(stored: Mapping[str, Mapping[str, Any]]) -> str:
    """
    Write thresholds as an operator reads them.

    >>> thresholds_text({"USD": {"amounts": ["10", "50"], "recurring": "100"}})
    'USD 10, 50, then every 100'
    """
    return "\n".join(f"{currency} {_words(entry)}" for currency, entry in stored.items())


def _entry(parts: list[str], line: str) -> dict[str, Any]:
    step = _EVERY.fullmatch(parts[-1])
    amounts = sorted({_amount(part, line) for part in (parts[:-1] if step else parts)})
    entry: dict[str, Any] = {"amounts": [f"{amount:f}" for amount in amounts]}
    if step:
        entry["recurring"] = f"{_amount(step['step'], line):f}"
    return entry


def _amount(text: str, line: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise ValueError(f"Write amounts above zero, like {_EXAMPLE}: {line!r}.")
    return amount


def _words(entry: Mapping[str, Any]) -> str:
    parts = [str(amount) for amount in entry.get("amounts") or ()]
    if entry.get("recurring"):
        parts.append(f"then every {entry['recurring']}" if parts else f"every {entry['recurring']}")
    return ", ".join(parts)
