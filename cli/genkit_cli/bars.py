"""Progress bars on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

from genkit.progress import Progress
from genkit_cli.output import seconds_text

PLAIN_EVERY = 30.0  # seconds between lines where there is no terminal
# tqdm's own, but for pieces that are done in part.
FORMAT = "{l_bar}{bar}| {n:.0f}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"

UNKNOWN_SIZE = (80, 24)  # for a terminal that says it has no columns, as containers' often do


def _width_known() -> bool:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except (OSError, ValueError, AttributeError):
        return False


@dataclass
class _Work:
    label: str
    total: int
    unit: str
    done: float
    bar: tqdm[Any]
    began: float = field(default_factory=time.monotonic)
    told: float = field(default_factory=time.monotonic)
    initial: int = 0
    values: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """Such as `train: 120/1000 steps, 31.2 steps/s, 28 s left, loss 1.23`."""
        rate = (self.done - self.initial) / max(time.monotonic() - self.began, 1e-9)
        parts = [f"{self.label}: {self.done:.0f}/{self.total} {self.unit}s"]
        if self.done > self.initial:
            left = seconds_text(max(self.total - self.done, 0) / rate)
            parts += [f"{rate:.3g} {self.unit}s/s", f"{left} left"]
        return ", ".join([*parts, *(f"{k} {v:.4g}" for k, v in self.values.items())])


class Bars(Progress):
    """A bar for each stretch of work, the innermost last, all on standard error.

    Off a terminal there are no bars, but a plain line every half minute and all messages.

    Args:
        plain_every: seconds between plain lines.
    """

    def __init__(self, plain_every: float = PLAIN_EVERY) -> None:
        self.plain_every = plain_every
        self._stack: list[_Work] = []

    def start(self, label: str, total: int, unit: str, initial: int = 0) -> None:
        unit = unit.removesuffix("s")
        bar: tqdm[Any] = tqdm(
            total=total,
            initial=initial,
            desc=label,
            unit=unit,
            disable=None,
            dynamic_ncols=_width_known(),
            ncols=None if _width_known() else UNKNOWN_SIZE[0],
            nrows=None if _width_known() else UNKNOWN_SIZE[1],
            leave=not self._stack,
            file=sys.stderr,
            mininterval=0.25,
            bar_format=FORMAT,
        )
        self._stack.append(_Work(label, total, unit, initial, bar, initial=initial))

    def advance(self, count: float = 1, values: Mapping[str, float] | None = None) -> None:
        if not self._stack:
            return
        work = self._stack[-1]
        work.done += count
        if values:
            work.values = {key: float(value) for key, value in values.items()}
            shown = {key: f"{value:.4g}" for key, value in work.values.items()}
            work.bar.set_postfix(shown, refresh=False)
        work.bar.update(count)
        now = time.monotonic()
        if work.bar.disable and now - work.told >= self.plain_every:
            work.told = now
            self.message(work.line())

    def finish(self) -> None:
        if self._stack:
            self._stack.pop().bar.close()

    def message(self, text: str) -> None:
        tqdm.write(text, file=sys.stderr)
        sys.stderr.flush()

    def warn(self, text: str) -> None:
        self.message(f"Warning: {text}")

    def close(self) -> None:
        """Close all bars, such as after a failure."""
        while self._stack:
            self.finish()
