"""Jobs. Each takes ids, calls one service, and is safe to repeat."""

from django.conf import settings

from metering import clock
from metering.history import actor
from metering.services import corrections, unknown_subjects


def run_correction(*, correction_id: int) -> None:
    with actor(kind="system", name="corrections", reason="Go on with a correction"):
        corrections.run_correction(correction_id=correction_id, at=clock.now())


def run_stalled_corrections() -> None:
    with actor(kind="system", name="corrections", reason="Go on with corrections whose job was killed"):
        corrections.run_stalled_corrections(at=clock.now())


def adopt_unknown_subjects() -> None:
    if settings.CUSTOMER_PER_SUBJECT:
        with actor(kind="system", name="subjects", reason="Make customers of new subjects"):
            unknown_subjects.adopt_unknown_subjects(at=clock.now())
