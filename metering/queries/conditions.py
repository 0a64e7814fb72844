"""Filters on texts as conditions of QuerySets."""

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Func
from django.db.models.sql.compiler import SQLCompiler

from metering.filter_string import FilterString

_TEXT = "{text}"
_PLACE = re.compile(r"(\{text\})|%\((\w+)\)s")


class Meets(Func):
    """Whether a text, the first argument, meets a condition: `Event.objects.filter(Meets(F("subject"), condition))`."""

    output_field = BooleanField()

    def __init__(self, text: Any, condition: FilterString) -> None:
        super().__init__(text)
        self.condition = condition

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Write the condition with the parameters in the order of their places, as the ORM wants them."""
        text, text_parameters = compiler.compile(self.source_expressions[0])
        condition, named = self.condition.sql(_TEXT, "place")
        parameters: list[Any] = []

        def fill(match: re.Match[str]) -> str:
            parameters.extend(text_parameters if match[1] else [named[match[2]]])
            return text if match[1] else "%s"

        return f"({_PLACE.sub(fill, condition)})", parameters
