"""Reading members of JSON objects: a wrong one is refused with its JSONPath."""

import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from numbers import Number

NUMERIC = re.compile(r"-?[0-9]+(\.[0-9]+)?")
MAX_DIGITS = 38


class InvalidPrice(ValueError):
    """
    A price that cannot be; `field` is the JSONPath of what to change, the message says how.

    `code` is OpenMeter's for the rule that is broken, empty where it has none.
    """

    def __init__(self, field: str, message: str, code: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.code = code


def read_object(data: object, field: str, message: str) -> Mapping[str, object]:
    """Return an object as it is; `message` says what it should be."""
    if not isinstance(data, Mapping):
        raise InvalidPrice(field, message)
    return data


def refuse_others(data: Mapping[str, object], field: str, known: Collection[str]) -> None:
    """Refuse members that are not known: one could be the one that changes the bill, so none is passed over."""
    for name, value in data.items():
        if name not in known and value is not None:
            raise InvalidPrice(f"{field}.{name}", f"Remove {name}: only {', '.join(known)} can be set here.")


def read_number(data: Mapping[str, object], parent: str, name: str) -> Decimal:
    """Return a decimal string as the number of zero or more that it is."""
    text, field = data.get(name), f"{parent}.{name}"
    if not isinstance(text, str) or not NUMERIC.fullmatch(text):
        raise InvalidPrice(field, f'Write {name} as a decimal number in a string, such as "20.00".')
    if any(len(digits) > MAX_DIGITS for digits in text.removeprefix("-").split(".")):
        raise InvalidPrice(field, f"Write {name} with at most {MAX_DIGITS} digits on either side of the point.")
    number = Decimal(text)
    if number < 0:
        raise InvalidPrice(field, f"Set {name} to zero or more.")
    return number.copy_abs()


def read_positive(data: Mapping[str, object], parent: str, name: str) -> Decimal:
    """Return a decimal string as the number above zero that it is."""
    number = read_number(data, parent, name)
    if not number:
        raise InvalidPrice(f"{parent}.{name}", f"Set {name} above zero.")
    return number


def read_optional_number(data: Mapping[str, object], parent: str, name: str) -> Decimal | None:
    """Return the same, None for an absent member."""
    return None if data.get(name) is None else read_number(data, parent, name)


def read_percentage(data: Mapping[str, object], parent: str, name: str) -> Decimal:
    """Return a share in percent, from a JSON number or a decimal string, of 0 to 100."""
    value = data.get(name)
    # JSON's numbers arrive in several types; the shortest text of each is what was written.
    text = f"{Decimal(str(value)):f}" if isinstance(value, Number) and not isinstance(value, bool) else value
    number = read_number({**data, name: text}, parent, name)
    if number > 100:
        raise InvalidPrice(f"{parent}.{name}", f"Set {name} to 100 or less.")
    return number


def read_flag(data: Mapping[str, object], parent: str, name: str, default: bool) -> bool:
    """Return true or false, `default` for an absent member."""
    value = data.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise InvalidPrice(f"{parent}.{name}", f"Set {name} to true or false.")
    return value


def read_choice(data: Mapping[str, object], parent: str, name: str, choices: Iterable[str]) -> str:
    """Return a member that is one of a few texts."""
    value, texts = data.get(name), tuple(choices)
    if not isinstance(value, str) or value not in texts:
        raise InvalidPrice(f"{parent}.{name}", f"Set {name} to one of: {', '.join(texts)}.")
    return value
