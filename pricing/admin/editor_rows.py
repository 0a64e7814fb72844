"""Pure: the inputs of a nested form as a tree of rows, and what the buttons beside the rows do with it."""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

# A text by the name of its input; a list of trees by the name of the rows.
Tree = dict[str, Any]
_ROW = re.compile(r"([a-z_]+)-([0-9]{1,6})-(.+)")


def tree_of(data: Mapping[str, str]) -> Tree:
    """
    Return inputs such as `phases-0-name` as a tree; rows come in the order of their numbers, which may have gaps.

    >>> tree_of({"name": "Pro", "tiers-7-up_to": "", "tiers-2-up_to": "10"})
    {'name': 'Pro', 'tiers': [{'up_to': '10'}, {'up_to': ''}]}
    """
    tree: Tree = {}
    lists: dict[str, dict[int, dict[str, str]]] = {}
    for name, value in data.items():
        if found := _ROW.fullmatch(name):
            lists.setdefault(found[1], {}).setdefault(int(found[2]), {})[found[3]] = value
        else:
            tree[name] = value
    for name, rows in lists.items():
        tree[name] = [tree_of(rows[number]) for number in sorted(rows)]
    return tree


def edited(tree: Tree, command: str, blanks: Mapping[str, Tree]) -> Tree:
    """
    Return the tree after a button was pressed: `add phases-0-cards`, `remove`, `up` or `down` of `phases-0-cards-1`.

    A new row is the one of `blanks` with the name of its list. What names no row changes nothing.
    """
    action, _, path = command.partition(" ")
    tree, way = deepcopy(tree), path.split("-")
    if action == "add":
        owner = _at(tree, way[:-1])
        if owner is not None and way[-1] in blanks:
            owner.setdefault(way[-1], []).append(deepcopy(blanks[way[-1]]))
        return tree
    owner = _at(tree, way[:-2])
    rows = owner.get(way[-2]) if owner is not None and len(way) >= 2 and way[-1].isdecimal() else None
    if isinstance(rows, list) and int(way[-1]) < len(rows):
        _move(rows, int(way[-1]), action)
    return tree


def _at(tree: Tree, way: list[str]) -> Tree | None:
    for name, number in zip(way[::2], way[1::2], strict=False):
        rows = tree.get(name)
        if not isinstance(rows, list) or not number.isdecimal() or int(number) >= len(rows):
            return None
        tree = rows[int(number)]
    return tree


def _move(rows: list[Tree], number: int, action: str) -> None:
    row = rows.pop(number)
    match action:
        case "up":
            rows.insert(max(number - 1, 0), row)
        case "down":
            rows.insert(number + 1, row)
        case "remove":
            pass
        case _:
            rows.insert(number, row)
