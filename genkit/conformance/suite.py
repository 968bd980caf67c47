"""What holds for every exact sampler, whatever the shape of what it draws.

A suite draws one tile with each sampler and compares it with the parallel network and with the
naive sampler, on present and on random weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit.conformance.comparing import most_near_ties, relative, verdicts
from genkit.conformance.weights import random_weights
from genkit.family import Check, Chunk, Forced
from genkit.sampling.decoding import Decoding, draw

TILE = 16  # large enough to be computed in two threads
FLOAT_LIMIT = 1e-4  # of logits, relative to their largest size; rounding reaches 5e-5
SEED = 7
NAIVE_VALUES = 256  # larger samples check the naive sampler through one forward pass


class Suite:
    """Compiled functions of one model, shared over all checks. A subclass knows the shape.

    Args:
        variables: of the network.
        incremental, naive: generators of `TILE` samples; the first one keeps logits in the
            extras of its chunks, and draws given values one by one.
        conditions: arrays of the tile.
        values: of one sample.
        others: further generators that keep logits, by the prefix of their checks.
    """

    def __init__(
        self,
        variables: Sequence[Any],
        incremental: Any,
        naive: Any,
        conditions: Any,
        values: int,
        others: Mapping[str, Any] | None = None,
    ) -> None:
        self.variables, self.conditions, self.values = variables, conditions, values
        self.incremental, self.naive = incremental, naive
        self.samplers = {"": incremental, **(others or {})}

    def random(self, draw: int) -> np.ndarray:
        """Random values of a tile, int32."""
        raise NotImplementedError

    def parallel(self, values: np.ndarray, xla: bool = True) -> np.ndarray:
        """Logits of the parallel network."""
        raise NotImplementedError

    def joined(self, parts: Sequence[Any]) -> np.ndarray:
        """One array from those of each chunk."""
        raise NotImplementedError

    def checks(self) -> list[Check]:
        """Every proof of this suite. Weights are put back afterwards."""
        ties = most_near_ties(TILE * self.values * len(self.samplers))
        return [
            Check("incremental_logits", FLOAT_LIMIT, self.over_weights(self.incremental_logits)),
            Check("xla_logits", FLOAT_LIMIT, self.over_weights(self.xla_logits)),
            *(check for item in self.samplers.items() for check in self._sampler_checks(*item)),
            Check("near_ties", float(ties), self.near_ties),
        ]

    def _sampler_checks(self, prefix: str, generator: Any) -> Iterator[Check]:
        def over(run: Callable[[Any], float]) -> Callable[[], float]:
            return self.over_weights(lambda: run(generator))

        yield Check(f"{prefix}sampler_differences", 0.0, over(self.sampler_differences))
        yield Check(f"{prefix}log_prob", FLOAT_LIMIT, over(self.log_prob))
        yield Check(f"{prefix}forced_changes", 0.0, lambda: self.forced_changes(generator))
        yield Check(f"{prefix}repeat_differences", 0.0, lambda: self.repeat_differences(generator))

    def over_weights(self, run: Callable[[], float]) -> Callable[[], float]:
        """Largest value over the present weights and one random draw."""

        def largest() -> float:
            present = run()
            with random_weights(self.variables, 11):
                return max(present, run())

        return largest

    def roll(self, generator: Any, forced: Forced | None = None) -> list[Chunk]:
        """All chunks of one tile."""
        state = generator.begin(self.conditions)
        chunks: list[Chunk] = []
        while not (chunks and chunks[-1].done):
            noise = generator.noise(SEED, range(TILE), len(chunks))
            chunks.append(generator.advance(state, noise, forced, self.conditions))
            state = chunks[-1].state
        return chunks

    def noise(self, count: int) -> np.ndarray:
        """The uniform numbers of `count` chunks."""
        return self.joined([self.naive.noise(SEED, range(TILE), i) for i in range(count)])

    def drawn(self, chunks: Sequence[Chunk]) -> np.ndarray:
        return self.joined([chunk.values for chunk in chunks])

    def logits(self, chunks: Sequence[Chunk]) -> np.ndarray:
        return self.joined([chunk.extras["logits"] for chunk in chunks])

    def incremental_logits(self) -> float:
        """Largest difference of teacher-forced incremental and parallel logits."""
        return self.given_logits(self.incremental)

    def given_logits(self, generator: Any) -> float:
        """Largest difference of a generator's logits of given values and parallel ones."""
        values = self.random(5)
        chunks = self.roll(generator, Forced(values, np.ones_like(values)))
        return relative(self.logits(chunks), self.parallel(values))

    def xla_logits(self) -> float:
        """Largest difference of logits with and without XLA."""
        values = self.random(6)
        return relative(self.parallel(values), self.parallel(values, xla=False))

    def sampler_differences(self, generator: Any) -> float:
        """Samples whose first difference from the naive sampler is no certified near-tie."""
        return float(self._compared(generator)["different"])

    def near_ties(self) -> float:
        """Samples of all samplers whose first difference is a certified near-tie."""
        return float(sum(self._compared(one)["near_tie"] for one in self.samplers.values()))

    def _compared(self, generator: Any) -> Counter[str]:
        chunks = self.roll(generator)
        values, noise = self.drawn(chunks), self.noise(len(chunks))
        reference = self._reference(values, noise)
        return verdicts(values, reference, noise, self.logits(chunks), self.parallel(values))

    def _reference(self, values: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """What the naive sampler draws. For large samples: what it would draw at each position
        after the same earlier values, by one forward pass, which causality makes equal."""
        if self.values <= NAIVE_VALUES:
            return self.drawn(self.roll(self.naive))
        found = draw(self.parallel(values), noise, Decoding())
        return np.asarray(ops.convert_to_numpy(found))

    def log_prob(self, generator: Any) -> float:
        """Difference of a sampler's log-probability from the parallel one, relative."""
        chunks = self.roll(generator)
        values, mine = self.drawn(chunks), self.joined([chunk.log_prob for chunk in chunks])
        logits = self.parallel(values).astype(np.float64)
        logits -= logits.max(-1, keepdims=True)
        chances = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        theirs = np.take_along_axis(chances, values[..., None], -1)[..., 0]
        return relative(*(p.astype(np.float64).reshape(TILE, -1).sum(1) for p in (mine, theirs)))

    def forced_changes(self, generator: Any) -> float:
        """Given values that a completion changed; 1 more if it left the rest undrawn."""
        values, mask = self.random(8), self.random(9) % 2
        completed = self.drawn(self.roll(generator, Forced(values, mask)))
        changed = np.sum((completed != values) & (mask == 1))
        untouched = np.array_equal(completed[mask == 0], values[mask == 0])
        return float(changed + untouched)

    def repeat_differences(self, generator: Any) -> float:
        """Values that differ when a tile is drawn twice."""
        once, again = (self.drawn(self.roll(generator)) for _ in range(2))
        return float(np.sum(once != again))
