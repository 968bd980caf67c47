"""Ctrl-C and SIGTERM as a wish to stop, which long work grants at the next safe moment."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

from genkit.errors import StoppedError
from genkit_cli import output


class Stopper:
    """While entered, the first signal is noted; a second Ctrl-C ends the program at once.

    Call it to ask for the signal's number. Until it was asked once nothing is under way that
    would have to be saved, so a signal before that ends the program too.

    Args:
        work: what is under way, such as `training`. kept: where it stops, such as `behind a
            checkpoint`.
    """

    def __init__(self, work: str = "training", kept: str = "behind a checkpoint") -> None:
        self.work, self.kept = work, kept
        self.number: int | None = None
        self._asked = False
        self._former: dict[int, Any] = {}

    def __call__(self) -> int | None:
        self._asked = True
        return self.number

    def __enter__(self) -> Stopper:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._former[number] = signal.signal(number, self._received)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _received(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        first = self.number is None
        self.number = number
        if not self._asked:
            raise StoppedError(f"stopped before {self.work} began", number)
        if first:
            output.say(f"\nstopping {self.kept}; Ctrl-C again ends at once")
