"""Pure: numbers for a monitoring system, in the text format of OpenMetrics."""

from collections.abc import Iterable

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def counter(name: str, text: str, label: str, samples: Iterable[tuple[str, int]]) -> str:
    r"""
    Return one counter as an exposition; each sample is the value of `label` and the count.

    >>> print(counter("requests", "Requests.", "path", [('a"b', 3)]), end="")
    # TYPE requests counter
    # HELP requests Requests.
    requests_total{path="a\"b"} 3
    # EOF
    """
    lines = [f"# TYPE {name} counter", f"# HELP {name} {text}"]
    lines += [f'{name}_total{{{label}="{value.translate(_ESCAPES)}"}} {count}' for value, count in samples]
    return "\n".join([*lines, "# EOF", ""])
