"""What a family tells about its model of sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from genkit.family import Arrays


class SequenceStep(Protocol):
    """The network at one time step; made once a chunk, so that weights are prepared once."""

    def __call__(
        self, before: Any, state: Any, position: Any, i: Any, frame: Any = None
    ) -> tuple[Any, Any]:
        """Logits `(B, levels)` of the value at `position`, and the state after it.

        Args:
            before: `(B,)` int32, the value before it; `levels` at the very beginning.
            state: of the step before. position: time step, int32 scalar.
            i: which step of the chunk it is, for conditions that were cut for the chunk.
            frame: what `frame` returned last, of a network with a period.
        """
        ...

    def frame(self, state: Any, position: Any) -> tuple[Any, Any]:
        """Work of a network with a period before each of its frames: something for the steps of
        the frame that begins at `position`, and the state."""
        ...

    def seen(self, state: Any, value: Any, i: Any) -> Any:
        """The state of a network with a period after the value `(B,)` of step `i` of the chunk."""
        ...


class SequenceNetwork(Protocol):
    """A causal network of integer sequences `(B, T)` with values 0 .. levels - 1.

    Conditions are a mapping of arrays, first axis B. The logits at time step t depend on values
    t - receptive_field .. t - 1 only. `float_type` is that of the logits. `period` is how many
    values a frame has, where there is work that is done once a frame, else None. Stretches begin
    at multiples of `grid`, which the period divides.
    """

    levels: int
    float_type: str
    receptive_field: int
    period: int | None
    grid: int
    variables: list[Any]

    def seen(self, position: int) -> np.ndarray:
        """Which of the values before a position its logits must depend on, in closed form:
        `(position,)` bool."""
        ...

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """Arrays from what the user wrote, one mapping a sample.

        Raises:
            UsageError: if the network has no such condition or its value is wrong.
        """
        ...

    def cut(self, conditions: Arrays, start: int, stop: int) -> Arrays:
        """Those of time steps `start` to `stop`, always of the same shape for the same length;
        on the host. Whatever belongs to the whole sample stays as it is."""
        ...

    def scores(self, x: Any, conditions: Mapping[str, Any]) -> Any:
        """Parallel logits `(B, T, levels)` of one-hot values `(B, T, levels)`: gradients are
        taken of it. Conditions are cut to the T time steps."""
        ...

    def logits(self, values: Any, conditions: Mapping[str, Any]) -> Any:
        """The same of integer values `(B, T)`."""
        ...

    def begin(self, batch: int, conditions: Mapping[str, Any]) -> Any:
        """State before the first value."""
        ...

    def stretch(
        self, values: Any, before: Any, state: Any, position: Any, conditions: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """Many given values at once, in parallel, after those the state remembers.

        Args:
            values: `(B, T)` int32, at `position` to `position + T - 1`. before: as in a step.

        Returns:
            logits `(B, T, levels)` and the state after the last one: those of single steps,
            within rounding.
        """
        ...

    def steps(self, conditions: Mapping[str, Any]) -> SequenceStep:
        """The step view for a chunk, with that chunk's conditions."""
        ...
