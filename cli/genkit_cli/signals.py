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
    """

    def __init__(self) -> None:
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
            raise StoppedError("stopped before training began", number)
        if first:
            output.say("\nstopping behind a checkpoint; Ctrl-C again ends at once")
