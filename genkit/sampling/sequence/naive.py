"""The reference: a whole forward pass for every value."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.sampling.decoding import choose
from genkit.sampling.sequence.base import STRETCH, SequenceGenerator, of_samples, time_cut
from genkit.sampling.sequence.network import SequenceNetwork


class NaiveGenerator(SequenceGenerator):
    """The parallel network over the receptive field, once for each value. It uses nothing of the
    step view, so that it can prove it; nobody should need it for anything else."""

    def __init__(
        self,
        network: SequenceNetwork,
        settings: SampleSettings,
        length: int,
        stretch: int = STRETCH,
        *,
        xla: bool = True,
    ) -> None:
        super().__init__(network, settings, length, stretch)
        # The window begins with a frame, and holds all that its last frame sees.
        whole = -(-length // network.grid) * network.grid
        field = network.receptive_field + network.grid
        self.window = min(whole, -(-field // network.grid) * network.grid)
        self._value = backend.compile(self._step, network.variables, xla=xla)

    def _step(
        self, values: Any, place: Any, noise: Any, forced: Any, mask: Any, conditions: Any
    ) -> Any:
        """Draw the value at the one-hot `place (window,)`; values `(B, window)`."""
        every = self.network.logits(values, conditions)
        logits = ops.sum(every * ops.cast(place, every.dtype)[:, None], axis=1)
        return choose(logits, noise, self.decoding, forced, mask)

    def begin(self, conditions: Arrays) -> Any:
        length = self.longest(conditions)
        values = np.zeros((self.settings.tile, length), np.int32)
        return {"position": 0, "values": values}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        start, values = state["position"], state["values"].copy()
        length = values.shape[1]
        left = self.left(start, length)
        given, mask = self.given(forced, start)
        log_prob = np.zeros((self.settings.tile, left), self.network.float_type)
        for i in range(left):
            position = start + i
            grid = self.network.grid
            first = max(0, -(-(position + 1 - self.window) // grid) * grid)
            stop = first + self.window
            place = np.zeros(self.window, np.float32)
            place[position - first] = 1.0
            own = self.network.cut(conditions, first, stop)
            seen = time_cut(values, first, stop)
            value, chance = self._value(seen, place, noise[:, i], given[:, i], mask[:, i], own)
            values[:, position] = ops.convert_to_numpy(value)
            log_prob[:, i] = ops.convert_to_numpy(chance)
        stop = start + left
        following = {"position": stop, "values": values}
        extras = {"start": start, **of_samples(conditions)}
        return Chunk(values[:, start:stop], log_prob, following, stop >= length, extras)
