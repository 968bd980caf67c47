"""The sampler of every day: one compiled call a stretch, on a small state."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.sampling.sequence.base import STRETCH, SequenceGenerator, of_samples
from genkit.sampling.sequence.loop import Stretches
from genkit.sampling.sequence.network import SequenceNetwork
from genkit.sampling.threads import in_threads, threads_of


class IncrementalGenerator(SequenceGenerator):
    """One step of the network for each value.

    Args:
        network, settings, length, stretch: as in `SequenceGenerator`.
        xla: compile with XLA.
        with_logits: keep the logits in each chunk's extras.
        quick_priming: take stretches whose values are all given in parallel. Their
            log-probabilities, and what is drawn after them, are those of single steps within
            rounding; long primes cost a fraction.
        threads: parts that a tile is computed in; None takes what its size suggests.
    """

    def __init__(
        self,
        network: SequenceNetwork,
        settings: SampleSettings,
        length: int,
        stretch: int = STRETCH,
        *,
        xla: bool = True,
        with_logits: bool = False,
        quick_priming: bool = True,
        threads: int | None = None,
    ) -> None:
        super().__init__(network, settings, length, stretch)
        self.with_logits, self.quick_priming = with_logits, quick_priming
        self.threads = threads_of(settings.tile) if threads is None else threads
        run = Stretches(network, self.decoding, with_logits)
        rows = settings.tile // self.threads
        self._begin = backend.compile(
            lambda conditions: run.begin(rows, conditions), network.variables, xla=xla
        )
        self._advance = backend.compile(run.advance, network.variables, xla=xla)
        self._given = backend.compile(run.given, network.variables, xla=xla)

    def begin(self, conditions: Arrays) -> Any:
        first = self.network.cut(conditions, 0, self.stretch)
        parts = [self._begin(part) for part in self._split(first)]
        return {"position": 0, "length": self.longest(conditions), "parts": parts}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        start, length = state["position"], state["length"]
        left, stop = self.left(start, length), start + self.stretch
        values, mask = self.given(forced, start)
        inputs: tuple[Any, ...] = (noise, values, mask)
        run = self._advance
        if self.quick_priming and mask[:, :left].all():
            inputs, run = (values,), self._given
        rows = zip(*(np.split(array, self.threads) for array in inputs), strict=True)
        steps = self._split(self.network.cut(conditions, start, stop))

        def part(cache: Any, arrays: Any, own: Arrays) -> tuple[Any, ...]:
            *found, cache = run(cache, np.int32(start), *arrays, own)
            return (*(a if a is None else ops.convert_to_numpy(a)[:, :left] for a in found), cache)

        found = in_threads(part, state["parts"], list(rows), steps)
        drawn, log_prob, logits = (
            np.concatenate([p[i] for p in found]) if found[0][i] is not None else None
            for i in range(3)
        )
        extras = {"start": start, **of_samples(conditions)}
        if self.with_logits:
            extras["logits"] = logits
        following = {"position": stop, "length": length, "parts": [p[3] for p in found]}
        return Chunk(drawn, log_prob, following, stop >= length, extras)

    def _split(self, conditions: Arrays) -> list[Arrays]:
        """The rows of each thread."""
        parts = {name: np.split(array, self.threads) for name, array in conditions.items()}
        return [{name: rows[i] for name, rows in parts.items()} for i in range(self.threads)]
