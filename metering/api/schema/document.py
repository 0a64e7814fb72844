"""How the OpenAPI document is put together from the views."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers

from metering.api.schema.base import JSON, array

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
    """Tells objects in query strings apart, and drops the word that tells output serializers from input serializers."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        found: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        for parameter in (found or {}).get("parameters", []):
            is_object = parameter["schema"].get("type") == "object" or "$ref" in parameter["schema"]
            if is_object and parameter.get("style") != "deepObject":
                parameter["content"] = {JSON: {"schema": parameter.pop("schema")}}
        return found

    def _get_format_parameters(self) -> list[dict[str, Any]]:
        # The header Accept alone says which of several media types comes back.
        return []

    def get_serializer_name(self, serializer: serializers.Serializer[Any], direction: Any) -> str:
        return super().get_serializer_name(serializer, direction).removesuffix("Output")


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "metering.authentication.ApiKeyAuthentication"
    name = "ApiKeyAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key of this installation."}


class PortalTokenScheme(OpenApiAuthenticationExtension):
    target_class = "metering.api.portal.PortalTokenAuthentication"
    name = "PortalTokenAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A portal token: it reads the usage of one subject."}


class _FilterExtension(OpenApiSerializerFieldExtension):
    """A filter is a component of its own, because `$and` and `$or` hold filters again."""

    component: str
    operand: dict[str, Any]
    operators: tuple[str, ...]
    list_operators: tuple[str, ...] = ()

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        component = ResolvedComponent(self.component, ResolvedComponent.SCHEMA, object=self.component)
        one = {**self.operand, "nullable": True}
        many = {**array(self.operand), "nullable": True}
        nested = {**array({"$ref": f"#/components/schemas/{self.component}"}), "nullable": True}
        component.schema = {
            "type": "object",
            "description": "Exactly one of the operators.",
            "properties": {
                **dict.fromkeys(self.operators, one),
                **dict.fromkeys(self.list_operators, many),
                "$and": nested,
                "$or": nested,
            },
        }
        auto_schema.registry.register_on_missing(component)
        return dict(component.ref)


class FilterStringExtension(_FilterExtension):
    target_class = "metering.serializers.filters.FilterTextField"
    component = "FilterString"
    operand = {"type": "string"}
    operators = ("$eq", "$ne", "$like", "$nlike", "$ilike", "$nilike", "$gt", "$gte", "$lt", "$lte")
    list_operators = ("$in", "$nin")


class FilterTimeExtension(_FilterExtension):
    target_class = "metering.serializers.filters.FilterTimeField"
    component = "FilterTime"
    operand = {"type": "string", "format": "date-time"}
    operators = ("$gt", "$gte", "$lt", "$lte")


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
