"""Corrections: `/api/v1/events/void`, `/amend`, `/corrections`, and subjects that move to another customer."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView, page_output
from metering.api.customers import find_customer
from metering.api.schema import corrections as describe
from metering.authentication import principal_of
from metering.history import with_makers
from metering.idempotency import idempotent
from metering.models import Correction, Event, Scope, Subject
from metering.serializers.corrections import (
    AmendInput,
    MoveInput,
    UndoInput,
    VoidInput,
    correction_output,
    move_output,
    preview_output,
)
from metering.serializers.fields import PageInput, checked
from metering.services.amendments import amend_event
from metering.services.corrections import preview_void, undo_correction, void_events
from metering.services.subject_moves import end_links, move_subject


class CorrectingView(ApiView):
    """Writes are kept with the reason in the body, unless the header X-Reason gives another."""

    required_scope = Scope.WRITE

    def default_reason(self, request: Request) -> str:
        """Return the reason that the body gives."""
        reason = request.data.get("reason") if isinstance(request.data, dict) else None
        return reason.strip() if isinstance(reason, str) and reason.strip() else super().default_reason(request)


@describe.VOID
class VoidEvents(CorrectingView):
    @idempotent()
    def post(self, request: Request) -> Response:
        body = checked(VoidInput, request.data)
        if body.validated_data["dryRun"]:
            return Response(preview_output(preview_void(events=body.chosen())))
        correction = void_events(events=body.chosen(), reason=body.validated_data["reason"], at=clock.now())
        return _answer(correction)


@describe.AMEND
class AmendEvent(CorrectingView):
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = checked(AmendInput, request.data).validated_data
        correction = amend_event(
            source=sent["source"],
            event_id=sent["id"],
            replacement=sent["replacement"],
            reason=sent["reason"],
            at=clock.now(),
            api_key_id=principal_of(request).api_key_id,
        )
        return _answer(correction)


@describe.CORRECTIONS
class Corrections(ApiView):
    def get(self, request: Request) -> Response:
        asked = checked(PageInput, request.query_params).validated_data
        return Response(page_output(with_makers(Correction.objects.order_by("-pk")), asked, _outputs))


@describe.CORRECTION
class CorrectionDetail(ApiView):
    def get(self, request: Request, correction_id: str) -> Response:
        return Response(correction_output(_find(correction_id)))


@describe.UNDO
class UndoCorrection(CorrectingView):
    @idempotent()
    def post(self, request: Request, correction_id: str) -> Response:
        correction = _find(correction_id)
        sent = checked(UndoInput, request.data).validated_data
        return _answer(undo_correction(correction_id=correction.pk, reason=sent["reason"], at=clock.now()))


@describe.MOVE
class MoveSubject(CorrectingView):
    @idempotent()
    def post(self, request: Request, id_or_key: str) -> Response:
        sent = checked(MoveInput, request.data).validated_data
        change: dict[str, Any] = {
            "subject_key": _subject_key(id_or_key),
            "from_at": sent["from"],
            "reason": sent["reason"],
            "at": clock.now(),
        }
        if sent["customerId"] is None:
            move = end_links(**change)
        else:
            move = move_subject(customer_id=find_customer(sent["customerId"]).pk, **change)
        return Response(move_output(change["subject_key"], move))


def _subject_key(id_or_key: str) -> str:
    """
    Return the key of a subject that is on record or that events name.

    :raises Http404: if there is neither; then the name is a slip, or its record is to be made first.
    """
    subject = Subject.objects.by_id_or_key(id_or_key).first()
    if subject is not None and subject.deleted_at is None:
        return subject.key
    key = subject.key if subject else id_or_key
    if not Event.objects.of_subjects([key]).exists():
        raise Http404(
            f"There is no subject {id_or_key}, and no event names it. Check the spelling, or make it first by POST"
            " /api/v1/subjects."
        )
    return key


def _outputs(corrections: Iterable[Correction]) -> list[dict[str, Any]]:
    return [correction_output(correction) for correction in corrections]


def _answer(correction: Correction) -> Response:
    shown = correction_output(_find(correction.ulid))
    return Response(shown, status=200 if correction.is_finished else 202)


def _find(correction_id: str) -> Correction:
    correction = with_makers(Correction.objects.filter(ulid=correction_id)).first()
    if correction is None:
        raise Http404(f"There is no correction {correction_id}. List them at /api/v1/events/corrections.")
    return correction
