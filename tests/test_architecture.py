"""What no linter holds: queued paths resolve, states are reachable, money has no float, the clock has one reader."""

import ast
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import CheckConstraint, Q
from django.utils.module_loading import import_string
from djmoney.models.fields import CurrencyField

from billing_site.schedules import SCHEDULES
from invoicing.lifecycle import NUMBERED
from invoicing.models import Invoice

ROOT = Path(__file__).resolve().parent.parent
APPS = ("metering", "pricing", "invoicing", "portal", "billing_site")
# The edges that read the real time themselves, each for a reason that its module gives.
CLOCK_EDGES = {"metering/clock.py"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(), filename=str(path))


def pure_modules() -> list[str]:
    """Return the modules that the import contracts hold pure: one list for both."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (pure,) = [contract for contract in contracts if contract["name"].startswith("Pure modules")]
    return pure["source_modules"]


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == name:
            yield node


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def queued_paths() -> list[tuple[str, str]]:
    found = [("billing_site/schedules.py", timing.func) for timing in SCHEDULES.values()]
    for path, tree in sources():
        for call in calls(tree, "async_task"):
            if call.args and isinstance(call.args[0], ast.Constant):
                found.append((path, call.args[0].value))
    return found


def test_queued_paths_are_found_at_all():
    assert len(queued_paths()) >= 2


@pytest.mark.parametrize(("_path", "target"), queued_paths())
def test_every_queued_path_names_a_task(_path, target):
    module, _, name = target.rpartition(".")
    assert module.endswith(".tasks")
    assert callable(import_string(target)), name


def test_every_queued_argument_is_one_that_the_queue_passes_on():
    # django-q2 keeps these for itself.
    swallowed = {"group", "timeout", "hook", "save", "sync", "chain", "cached", "cluster"}
    for path, tree in sources():
        for call in calls(tree, "async_task"):
            assert not swallowed & {keyword.arg for keyword in call.keywords}, path


def test_every_task_takes_keywords_alone():
    for app in APPS:
        path = ROOT / app / "tasks.py"
        if path.exists():
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef):
                    assert not node.args.args, f"{path}: {node.name}"


def test_the_database_numbers_the_same_invoices_as_the_table_of_states():
    (check,) = [found for found in Invoice._meta.constraints if "numbered" in found.name]
    (if_issued, unless_issued) = check.condition.children
    assert set(dict(if_issued.children)["status__in"]) == set(NUMBERED)
    assert set(dict(unless_issued.children[0].children)["status__in"]) == set(NUMBERED)


def test_every_pure_module_exists():
    for name in pure_modules():
        assert import_module(name)


@pytest.mark.parametrize("name", pure_modules())
def test_no_pure_module_uses_floats_or_bare_rounding(name):
    path = ROOT / name.replace(".", "/")
    files = path.rglob("*.py") if path.is_dir() else [path.with_name(path.name + ".py")]
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"float in line {node.lineno}"
        if isinstance(node, ast.Name):
            assert node.id not in {"float", "round"}, f"{node.id} in line {node.lineno}"


def test_only_the_edge_reads_the_clock():
    readers = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and dotted(node.func).endswith(("timezone.now", "datetime.now", "datetime.utcnow", "date.today"))
    }
    assert readers == CLOCK_EDGES


def our_models():
    history = {model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")}
    return [model for model in apps.get_models() if model._meta.app_label in APPS and model not in history]


def test_every_model_of_ours_is_in_the_console():
    assert [model._meta.label for model in our_models() if not admin.site.is_registered(model)] == []


def test_every_choice_is_checked_by_the_database():
    fields = [field for model in our_models() for field in model._meta.concrete_fields if is_enumerated(field)]
    assert len(fields) >= 8
    for field in fields:
        checks = [found for found in field.model._meta.constraints if isinstance(found, CheckConstraint)]
        known = [values for check in checks for values in values_of(check.condition, f"{field.name}__in")]
        assert set(dict(field.flatchoices)) in known, f"{field.model._meta.label}.{field.name}"


def is_enumerated(field):
    return bool(field.choices) and not isinstance(field, CurrencyField)


def values_of(condition, lookup):
    for child in condition.children:
        if isinstance(child, Q):
            yield from values_of(child, lookup)
        elif child[0] == lookup:
            yield set(child[1])


def test_views_tasks_and_the_api_leave_writing_to_services():
    writers = {"create", "bulk_create", "bulk_update", "update_or_create", "get_or_create"}
    for path, tree in sources():
        if "/views/" in path or "/api/" in path or path.endswith("tasks.py"):
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and node.attr in writers:
                    assert not dotted(node.value).endswith("objects"), f"{path}:{node.lineno}"
