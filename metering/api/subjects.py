"""Subjects: `/api/v1/subjects`."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView
from metering.api.schema import subjects as describe
from metering.idempotency import idempotent
from metering.models import Subject
from metering.rendering import array_of
from metering.serializers.fields import checked_list
from metering.serializers.subjects import SubjectInput, subject_output
from metering.services.subject_records import delete_subject, upsert_subjects

# So many are read by one query, and put into memory at a time.
_PART = 1_000


@describe.SUBJECTS
class Subjects(ApiView):
    def get(self, request: Request) -> HttpResponseBase:
        parts = _listed()
        first = next(parts)
        if len(first) < _PART:
            return Response(first)
        # OpenMeter's list has no pages, and there may be millions: they are sent while the next ones are read.
        return StreamingHttpResponse(array_of(chain([first], parts)), content_type="application/json")

    @idempotent()
    def post(self, request: Request) -> Response:
        records = [sent.record() for sent in checked_list(SubjectInput, request.data)]
        subjects = upsert_subjects(records=records, at=clock.now())
        return Response([subject_output(subject) for subject in subjects])


@describe.SUBJECT
class SubjectDetail(ApiView):
    def get(self, request: Request, id_or_key: str) -> Response:
        # As with customers, a deleted one is found by its id alone.
        return Response(subject_output(_find(id_or_key, Q(deleted_at=None) | Q(ulid=id_or_key))))

    def delete(self, request: Request, id_or_key: str) -> Response:
        delete_subject(subject_id=_find(id_or_key, Q()).pk, at=clock.now())
        return Response(status=204)


def _listed() -> Iterator[list[dict[str, Any]]]:
    """Return all subjects in parts, the oldest first; the last part alone is smaller."""
    last = 0
    while True:
        subjects = list(Subject.objects.live().filter(pk__gt=last).order_by("pk")[:_PART])
        yield [subject_output(subject) for subject in subjects]
        if len(subjects) < _PART:
            return
        last = subjects[-1].pk


def _find(id_or_key: str, condition: Q) -> Subject:
    subject = Subject.objects.by_id_or_key(id_or_key).filter(condition).first()
    if subject is None:
        raise Http404(f"There is no subject {id_or_key}. Name one by its id or key.")
    return subject
