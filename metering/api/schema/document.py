"""How the OpenAPI document is put together from the views."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

_Endpoint = tuple[str, str, str, Callable[..., Any]]

# Paths name their variables as Python does; OpenMeter names each after what it identifies.
_NAMES = {
    ("customers", "id_or_key"): "customerIdOrKey",
    ("group-by", "key"): "groupByKey",
    ("meters", "id_or_slug"): "meterIdOrSlug",
    ("meters", "slug"): "meterSlug",
    ("progress", "client_id"): "id",
    ("subjects", "id_or_key"): "subjectIdOrKey",
}
_VARIABLE = re.compile(r"(?P<segment>[^/]+)/\{(?P<name>\w+)\}")


class DocumentSchema(AutoSchema):
    """Names components without the word that tells output serializers from input serializers."""

    def get_serializer_name(self, serializer: serializers.Serializer[Any], direction: Any) -> str:
        return super().get_serializer_name(serializer, direction).removesuffix("Output")


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "metering.authentication.ApiKeyAuthentication"
    name = "ApiKeyAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key of this installation."}


def name_path_variables(endpoints: Sequence[_Endpoint]) -> list[_Endpoint]:
    """Give the variables in paths the names that OpenMeter's clients know."""
    return [_renamed(*endpoint) for endpoint in endpoints]


def _renamed(path: str, route: str, method: str, callback: Callable[..., Any]) -> _Endpoint:
    for found in _VARIABLE.finditer(path):
        name = found["name"]
        public = _NAMES.get((found["segment"], name)) or _camel_case(name)
        path, route = path.replace(f"{{{name}}}", f"{{{public}}}"), route.replace(f":{name}>", f":{public}>")
    return path, route, method, callback


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
