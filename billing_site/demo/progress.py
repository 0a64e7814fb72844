"""What a person sees while the demo is being built."""

import sys
import time


class Progress:
    """Prints numbered steps; a long one shows its share, on one line where the output is a terminal."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._step = 0
        self._title = ""
        self._started = time.monotonic()
        self._shown = -1

    def step(self, title: str) -> None:
        """Begin the next step."""
        self._step += 1
        self._title = title
        self._shown = -1
        self._write(f"[{self._step}/{self._steps}] {title}")

    def share(self, done: int, total: int) -> None:
        """Show how far the step is: every percent on a terminal, else every quarter."""
        percent = 100 * done // max(total, 1)
        grain = 1 if sys.stdout.isatty() else 25
        if percent // grain == self._shown:
            return
        self._shown = percent // grain
        text = f"[{self._step}/{self._steps}] {self._title}: {done:,} of {total:,} ({percent} %)"
        if sys.stdout.isatty():
            print(f"\r{text}", end="\n" if done >= total else "", flush=True)
        else:
            self._write(text)

    def done(self) -> float:
        """Return the seconds since the first step."""
        return time.monotonic() - self._started

    def _write(self, text: str) -> None:
        print(text, flush=True)
