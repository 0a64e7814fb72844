"""What two OpenAPI documents say of an operation, as flat facts that can be compared."""

from collections.abc import Iterator

METHODS = ("get", "post", "put", "patch", "delete")
_DEEPEST = 6


class Document:
    def __init__(self, content):
        self.content = content

    def operations(self):
        """Return each operation by method and path."""
        return {
            f"{method.upper()} {path}": item[method]
            for path, item in self.content["paths"].items()
            for method in METHODS
            if method in item
        }

    def parameters(self, operation):
        """Yield one fact for each parameter."""
        for parameter in map(self._resolved, operation.get("parameters", [])):
            necessity = "required" if parameter.get("required") else "optional"
            yield f"{parameter['in']} {parameter['name']} ({necessity})"
            schema = parameter.get("schema")
            if schema is not None and not schema.get("additionalProperties"):
                yield from self._enums(f"{parameter['in']} {parameter['name']}", schema)

    def bodies(self, operation):
        """Yield the facts of the request body and of every successful answer."""
        request = self._resolved(operation.get("requestBody", {}))
        yield from self._content("request", request)
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                yield f"answer {status}"
                yield from self._content(f"answer {status}", self._resolved(answer))

    def _content(self, place, body) -> Iterator[str]:
        for media_type, content in body.get("content", {}).items():
            yield f"{place} {media_type}"
            yield from self._facts(f"{place} {media_type} $", content.get("schema", {}), 0)

    def _facts(self, place, schema, depth) -> Iterator[str]:
        if depth > _DEEPEST:
            return
        yield from self._enums(place, schema)
        for variant in self._variants(schema):
            if variant.get("type") == "array" or "items" in variant:
                yield from self._facts(f"{place}[]", variant["items"], depth + 1)
            for name, inner in variant.get("properties", {}).items():
                if place.startswith("request") and self._resolved(inner).get("readOnly"):
                    continue
                necessity = "required" if name in variant.get("required", []) else "optional"
                yield f"{place}.{name} ({necessity})"
                yield from self._facts(f"{place}.{name}", inner, depth + 1)

    def _enums(self, place, schema) -> Iterator[str]:
        for variant in self._variants(schema):
            if "enum" in variant:
                words = sorted(str(word) for word in variant["enum"] if word is not None)
                yield f"{place} is one of {', '.join(words)}"
            if "items" in variant and place.startswith("query"):
                yield from self._enums(f"{place}[]", variant["items"])

    def _variants(self, schema):
        schema = self._resolved(schema)
        found = [schema]
        for key in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(key, []):
                found += self._variants(part)
        return found

    def _resolved(self, node):
        while "$ref" in node:
            _, kind, group, name = node["$ref"].split("/")
            node = self.content[kind][group][name]
        return node
