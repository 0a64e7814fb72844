"""Jobs. Each takes ids, calls one service, and is safe to repeat."""

from metering import clock
from metering.history import actor
from metering.services.corrections import go_on, take_up_stalled


def go_on_with_correction(*, correction_id: int) -> None:
    with actor(kind="system", name="corrections", reason="Go on with a correction"):
        go_on(correction_id=correction_id, at=clock.now())


def take_up_stalled_corrections() -> None:
    with actor(kind="system", name="corrections", reason="Go on with corrections whose job was killed"):
        take_up_stalled(at=clock.now())
