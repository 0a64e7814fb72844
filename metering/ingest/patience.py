"""Ending waits that take too long, without a timer for each of thousands a second."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

_Wait = TypeVar("_Wait", bound="asyncio.Future[Any]")
_MOST_BETWEEN_LOOKS = 1.0


class Patience(Generic[_Wait]):
    """The waits of one event loop; `give_up` is called with each that takes `seconds`, or a little longer."""

    def __init__(self, seconds: float, give_up: Callable[[_Wait], object]) -> None:
        self._seconds = seconds
        self._give_up = give_up
        # Oldest first, because a renewed wait moves to the end.
        self._since: dict[_Wait, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, wait: _Wait) -> None:
        """Start to count, or start anew."""
        loop = asyncio.get_running_loop()
        self._since.pop(wait, None)
        self._since[wait] = loop.time()
        if self._loop is not loop:
            self._loop = loop
            self._look_again(loop)

    def end(self, wait: _Wait) -> bool:
        """Stop to count; answer whether it was still counted, and so not given up."""
        return self._since.pop(wait, None) is not None

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(min(_MOST_BETWEEN_LOOKS, self._seconds / 2), self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        latest = loop.time() - self._seconds
        late = []
        for wait, since in self._since.items():
            if since > latest:
                break
            late.append(wait)
        for wait in late:
            del self._since[wait]
            self._give_up(wait)
        self._look_again(loop)
