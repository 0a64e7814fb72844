"""How much one run measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """
    `seconds` is for each load, and `turns` is how often each is repeated; `rows` are copied and rolled up.

    `few` and `many` events are there when a subject's month is read, `months` times; values are read for
    `value_seconds`, and `posts` events right after they were posted. `few_customers` and `many_customers` are billed.
    """

    warm_seconds: int
    seconds: int
    turns: int
    rows: int
    few: int
    many: int
    months: int
    value_seconds: int
    posts: int
    few_customers: int
    many_customers: int


FULL = Sizes(
    warm_seconds=2,
    seconds=8,
    turns=3,
    rows=200_000,
    few=1_000_000,
    many=10_000_000,
    months=500,
    value_seconds=20,
    posts=300,
    few_customers=1_000,
    many_customers=10_000,
)
QUICK = Sizes(
    warm_seconds=1,
    seconds=2,
    turns=2,
    rows=40_000,
    few=20_000,
    many=200_000,
    months=100,
    value_seconds=4,
    posts=50,
    few_customers=100,
    many_customers=1_000,
)
