"""Features: `/api/v1/features`."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView, page_output
from metering.api.meters import find_meter
from metering.idempotency import idempotent
from metering.serializers.fields import checked
from pricing.api.schema import features as describe
from pricing.models import Feature
from pricing.serializers.features import FeatureInput, FeatureListInput, feature_output
from pricing.services.features import archive_feature, create_feature

_ORDER = {"id": "ulid", "key": "key", "name": "name", "createdAt": "created_at", "updatedAt": "updated_at"}


@describe.FEATURES
class Features(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        body = checked(FeatureInput, request.data)
        slug = body.validated_data["meterSlug"]
        meter = find_meter(slug) if slug else None
        return Response(feature_output(create_feature(**body.values(), meter=meter, at=clock.now())), status=201)

    def get(self, request: Request) -> Response:
        asked = checked(FeatureListInput, request.query_params).validated_data
        found = _matching(asked)
        if "page" in asked or "pageSize" in asked:
            return Response(page_output(found, {"page": 1, "pageSize": 100} | asked, _outputs))
        return Response(_outputs(found[asked["offset"] : asked["offset"] + asked["limit"]]))


@describe.FEATURE
class FeatureDetail(ApiView):
    def get(self, request: Request, feature_id: str) -> Response:
        return Response(feature_output(find_feature(feature_id)))

    def delete(self, request: Request, feature_id: str) -> Response:
        archive_feature(feature_id=find_feature(feature_id).pk, at=clock.now())
        return Response(status=204)


def find_feature(id_or_key: str) -> Feature:
    """
    Return the feature that a path names; an archived one is found by its id alone, as its key may be another's.

    :raises Http404: if there is none.
    """
    features = Feature.objects.select_related("meter")
    found = features.filter(key=id_or_key, archived_at=None).first() or features.filter(ulid=id_or_key).first()
    if found is None:
        raise Http404(f"There is no feature {id_or_key}. Name one by its id or key.")
    return found


def _matching(asked: dict[str, Any]) -> QuerySet[Feature]:
    found = Feature.objects.select_related("meter")
    if not asked["includeArchived"]:
        found = found.filter(archived_at=None)
    if asked["meterSlug"]:
        found = found.filter(meter__slug__in=asked["meterSlug"])
    direction = "-" if asked["order"] == "DESC" else ""
    return found.order_by(direction + _ORDER[asked["orderBy"]], direction + "pk")


def _outputs(features: Any) -> list[dict[str, Any]]:
    return [feature_output(feature) for feature in features]
