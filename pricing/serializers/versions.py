"""What lists of plans and of add-ons ask for."""

import re
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from metering.serializers.fields import ChoiceField, PageInput, TextField

_KEY_VERSION = re.compile(r"^keyVersion\[(.+)\]$", re.DOTALL)


class VersionsAskedInput(PageInput):
    """Ids, keys and versions of keys add to each other; the other filters narrow that."""

    includeDeleted = serializers.BooleanField(default=False)
    id = serializers.ListField(child=TextField(), required=False, default=list)
    key = serializers.ListField(child=TextField(), required=False, default=list)
    keyVersion = serializers.DictField(
        child=serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=10**9)),
        required=False,
        default=dict,
    )
    order = ChoiceField(choices=["ASC", "DESC"], default="ASC")
    orderBy = ChoiceField(choices=["id", "key", "version", "created_at", "updated_at"], default="created_at")


class VersionListInput(VersionsAskedInput):
    currency = serializers.ListField(child=TextField(), required=False, default=list)


class VersionGetInput(serializers.Serializer[Any]):
    includeLatest = serializers.BooleanField(default=False)


def version_parameters(parameters: QueryDict) -> dict[str, Any]:
    """Return the query string of a list in the shape of its serializer; `keyVersion[pro]=1` is a deep object."""
    asked: dict[str, Any] = {name: parameters[name] for name in parameters if "[" not in name}
    asked |= {name: parameters.getlist(name) for name in ("id", "key", "status", "currency") if name in parameters}
    versions = {match[1]: parameters.getlist(name) for name in parameters if (match := _KEY_VERSION.match(name))}
    return asked | ({"keyVersion": versions} if versions else {})
