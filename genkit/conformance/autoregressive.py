"""The conformance suite of raster models: causal, complete, and the same by every path."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.conformance.dependence import Dependence, measure, random_images, vectors
from genkit.conformance.weights import random_weights
from genkit.family import Check, Chunk, Forced, SampleSettings
from genkit.sampling.decoding import Decoding, draw, edge_distance
from genkit.sampling.raster import IncrementalGenerator, NaiveGenerator, RasterNetwork

TILE = 16  # large enough to be computed in two threads
FLOAT_LIMIT = 1e-4  # of logits, relative to their largest size; rounding reaches 5e-5
NEAR_TIE = 1e-5  # a draw this close to an edge may fall on either side
SEED = 7
NAIVE_VALUES = 256  # larger images check the naive sampler through one forward pass


def raster_checks(model: RasterNetwork) -> list[Check]:
    """Every proof for one model. Weights are put back afterwards."""
    suite = _Suite(model)
    return [
        Check("causality_gradient", 0.0, lambda: suite.dependence().leak_by_gradient()),
        Check("causality_change", 0.0, lambda: suite.dependence().leak_by_change()),
        Check("receptive_field_missing", 0.0, lambda: suite.dependence().missing()),
        Check("incremental_logits", FLOAT_LIMIT, suite.over_weights(suite.incremental_logits)),
        Check("xla_logits", FLOAT_LIMIT, suite.over_weights(suite.xla_logits)),
        Check("sampler_differences", 0.0, suite.over_weights(suite.sampler_differences)),
        Check("log_prob", FLOAT_LIMIT, suite.over_weights(suite.log_prob)),
        Check("forced_changes", 0.0, suite.forced_changes),
        Check("repeat_differences", 0.0, suite.repeat_differences),
    ]


class _Suite:
    """Compiled functions of one model, shared over all checks."""

    def __init__(self, model: RasterNetwork) -> None:
        self.model = model
        self.settings = SampleSettings(TILE)
        self.dependence: Callable[[], Dependence] = cache(lambda: measure(model))
        self.logits = backend.compile(model.logits, model.variables)
        self.plain_logits = backend.compile(model.logits, model.variables, xla=False)
        self.incremental = IncrementalGenerator(model, self.settings, with_logits=True)
        self.naive = NaiveGenerator(model, self.settings)
        self.conditions = self.incremental.conditions([{}] * TILE, 0)

    def over_weights(self, run: Callable[[], float]) -> Callable[[], float]:
        """Largest value over the present weights and one random draw."""

        def largest() -> float:
            present = run()
            with random_weights(self.model.variables, 11):
                return max(present, run())

        return largest

    def parallel(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(ops.convert_to_numpy(self.logits(images, vectors(self.model, TILE))))

    def roll(self, generator: Any, forced: Forced | None = None) -> list[Chunk]:
        """All chunks of one tile."""
        state = generator.begin(self.conditions)
        chunks: list[Chunk] = []
        while not (chunks and chunks[-1].done):
            noise = generator.noise(SEED, range(TILE), len(chunks))
            chunks.append(generator.advance(state, noise, forced, self.conditions))
            state = chunks[-1].state
        return chunks

    def incremental_logits(self) -> float:
        """Largest difference of teacher-forced incremental and parallel logits."""
        images = random_images(self.model, TILE, 5)
        chunks = self.roll(self.incremental, Forced(images, np.ones_like(images)))
        found = np.stack([ops.convert_to_numpy(c.extras["logits"]) for c in chunks], axis=1)
        return _relative(found, self.parallel(images))

    def xla_logits(self) -> float:
        """Largest difference of logits with and without XLA."""
        images = random_images(self.model, TILE, 6)
        plain = self.plain_logits(images, vectors(self.model, TILE))
        return _relative(self.parallel(images), ops.convert_to_numpy(plain))

    def sampler_differences(self) -> float:
        """Samples whose first difference from the naive sampler is no certified near-tie."""
        drawn = self.roll(self.incremental)
        images = _values(drawn)
        reference = self._reference(images)
        noise = np.stack(
            [self.incremental.noise(SEED, range(TILE), r) for r in range(len(drawn))], axis=1
        )
        mine = np.stack([ops.convert_to_numpy(c.extras["logits"]) for c in drawn], axis=1)
        theirs = self.parallel(images)
        return float(
            sum(
                not certified(images[i], reference[i], noise[i], mine[i], theirs[i])
                for i in range(TILE)
            )
        )

    def _reference(self, images: np.ndarray) -> np.ndarray:
        """What the naive sampler draws. For large images: what it would draw at each position
        after the same earlier values, by one forward pass, which causality makes equal."""
        if int(np.prod(self.model.shape)) <= NAIVE_VALUES:
            return _values(self.roll(self.naive))
        noise = [self.naive.noise(SEED, range(TILE), r) for r in range(self.model.shape[0])]
        found = draw(self.parallel(images), np.stack(noise, axis=1), Decoding())
        return np.asarray(ops.convert_to_numpy(found))

    def log_prob(self) -> float:
        """Difference of the sampler's log-probability from the parallel one, relative."""
        chunks = self.roll(self.incremental)
        images = _values(chunks)
        mine = np.stack([ops.convert_to_numpy(c.log_prob) for c in chunks], axis=1)
        logits = self.parallel(images).astype(np.float64)
        logits -= logits.max(-1, keepdims=True)
        chances = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        theirs = np.take_along_axis(chances, images[..., None], -1)[..., 0]
        totals = [part.astype(np.float64).sum(axis=(1, 2, 3)) for part in (mine, theirs)]
        return _relative(*totals)

    def forced_changes(self) -> float:
        """Given values that a completion changed; 1 more if it left the rest undrawn."""
        images = random_images(self.model, TILE, 8)
        mask = random_images(self.model, TILE, 9) % 2
        completed = _values(self.roll(self.incremental, Forced(images, mask)))
        changed = np.sum((completed != images) & (mask == 1))
        untouched = np.array_equal(completed[mask == 0], images[mask == 0])
        return float(changed + untouched)

    def repeat_differences(self) -> float:
        """Values that differ when a tile is drawn twice."""
        once, again = (_values(self.roll(self.incremental)) for _ in range(2))
        return float(np.sum(once != again))


def certified(mine: np.ndarray, theirs: np.ndarray, noise: np.ndarray, *logits: np.ndarray) -> bool:
    """Whether two samples are equal or first differ at a near-tie in both samplers' logits.

    Args:
        mine, theirs: `(H, W, C)` values. noise: the shared uniform numbers, same shape.
        logits: `(H, W, C, K)` of each sampler after the same earlier values.
    """
    different = np.flatnonzero(mine != theirs)
    if not len(different):
        return True
    first = int(different[0])
    u = float(noise.reshape(-1)[first])
    rows = [scores.reshape(-1, scores.shape[-1])[first] for scores in logits]
    return all(edge_distance(row, u, Decoding()) <= NEAR_TIE for row in rows)


def _values(chunks: list[Chunk]) -> np.ndarray:
    return np.stack([np.asarray(ops.convert_to_numpy(c.values)) for c in chunks], axis=1)


def _relative(left: np.ndarray, right: np.ndarray) -> float:
    scale = max(1.0, float(np.max(np.abs(right))))
    return float(np.max(np.abs(left.astype(np.float64) - right.astype(np.float64)))) / scale
