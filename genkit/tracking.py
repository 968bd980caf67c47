"""What the training loop keeps in mind: the log window, the best step, the plateau, speed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from genkit.errors import NonFiniteError
from genkit.family import Metrics, Monitor

WATCHED = ("loss", "gradient_norm")
LATEST_ONLY = (
    "learning_rate",
    # Of agents: counts, and figures that are means already.
    "agent_steps",
    "episodes",
    "mean_return",
    "auc",
    "agent_steps_per_second",
)
MAX_PENDING = 256


class Window:
    """Means of the metrics since the last log record.

    Device scalars are collected and read together, so that the device need not wait for the
    host at each step.
    """

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self._pending: list[tuple[int, Metrics]] = []

    def add(self, step: int, metrics: Metrics) -> None:
        """Metrics of the update that made `step`."""
        self._pending.append((step, metrics))
        if len(self._pending) >= MAX_PENDING:
            self.drain()

    def drain(self) -> None:
        """Read what is pending.

        Raises:
            NonFiniteError: if a loss or gradient norm is not finite; names the first such step.
        """
        pending, self._pending = self._pending, []
        for step, metrics in pending:
            numbers = {name: float(value) for name, value in metrics.items()}
            for name in WATCHED:
                if not math.isfinite(numbers.get(name, 0.0)):
                    raise NonFiniteError(f"{name} is {numbers[name]} at step {step}")
            for name, number in numbers.items():
                self._count(name, number)

    def _count(self, name: str, number: float) -> None:
        if name in LATEST_ONLY:
            self.sums[name], self.counts[name] = number, 1
            return
        self.sums[name] = self.sums.get(name, 0.0) + number
        self.counts[name] = self.counts.get(name, 0) + 1

    def close(self) -> dict[str, float]:
        """The means by name, and an empty window."""
        self.drain()
        means = {name: total / self.counts[name] for name, total in self.sums.items()}
        self.sums, self.counts = {}, {}
        return means

    def save(self) -> dict[str, Any]:
        """Plain values; nothing may be pending."""
        return {name: [total, self.counts[name]] for name, total in self.sums.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.sums = {name: float(total) for name, (total, _) in state.items()}
        self.counts = {name: int(count) for name, (_, count) in state.items()}


@dataclass
class Best:
    """The best validation so far.

    Args:
        monitor: what decides; None where nothing does.
        step, value: of the best; None before the first.
    """

    monitor: Monitor | None
    step: int | None = None
    value: float | None = None

    def update(self, step: int, value: float) -> bool:
        """Whether `value` is the best so far; one that is not finite never is."""
        if self.monitor is None or not math.isfinite(value):
            return False
        if not self.monitor.better(value, self.value):
            return False
        self.step, self.value = step, value
        return True

    def save(self) -> dict[str, Any]:
        return {"step": self.step, "value": self.value}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.step, self.value = state["step"], state["value"]


@dataclass
class Plateau:
    """Says when the rate should fall: after `patience` validations without a new best."""

    monitor: Monitor
    patience: int
    value: float | None = None
    waited: int = 0

    def update(self, value: float) -> bool:
        """Count one validation; True when the rate should be lowered now."""
        if math.isfinite(value) and self.monitor.better(value, self.value):
            self.value, self.waited = value, 0
            return False
        self.waited += 1
        if self.waited < self.patience:
            return False
        self.waited = 0
        return True

    def save(self) -> dict[str, Any]:
        return {"value": self.value, "waited": self.waited}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.value, self.waited = state["value"], int(state["waited"])


@dataclass
class Speed:
    """Updates per second, without compilation, validation, pictures and checkpoints."""

    steps: int = 0
    _since: float | None = None
    _before: float = field(default=0.0)

    def start(self) -> None:
        """Begin to count; called when the first update, which compiles, is done."""
        self._since = time.perf_counter()

    @property
    def started(self) -> bool:
        return self._since is not None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent within does not count."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self._before -= time.perf_counter() - begin

    def lap(self) -> float | None:
        """Updates per second since the last lap; None where none was counted."""
        if self._since is None:
            return None
        now = time.perf_counter()
        seconds, steps = now - self._since + self._before, self.steps
        self.steps, self._since, self._before = 0, now, 0.0
        return steps / seconds if steps and seconds > 0 else None
