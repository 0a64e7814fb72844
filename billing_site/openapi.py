"""What the OpenAPI document says as a whole, as data for drf-spectacular."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_DESCRIPTION = """
Usage metering and billing. The paths, fields and answers are those of OpenMeter's API, so its clients work unchanged;
what is our own stands beside them in the same style.

Send an API key as `Authorization: Bearer <key>`. Errors are problems (RFC 7807) that say what to change.
"""


@cache
def _version() -> str:
    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    return str(tomllib.loads(project.read_text())["project"]["version"])


SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Billing API",
    "DESCRIPTION": _DESCRIPTION.strip(),
    "VERSION": _version(),
    "SCHEMA_PATH_PREFIX": r"/api/v[0-9]",
    "PREPROCESSING_HOOKS": ["metering.api.schema.document.name_path_variables"],
    # Enumerations stay where they are used: as components they would need names that are unique across the document.
    "POSTPROCESSING_HOOKS": [],
    # What a PATCH needs is in its serializer.
    "COMPONENT_SPLIT_PATCH": False,
    # Docstrings are for those who read the code.
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SORT_OPERATION_PARAMETERS": False,
}
