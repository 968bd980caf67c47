"""The conformance suite of raster models: causal, complete, and the same by every path."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.conformance.dependence import dependence_checks, measure, random_images
from genkit.conformance.suite import TILE, Suite
from genkit.family import Check, SampleSettings
from genkit.sampling.raster import (
    IncrementalGenerator,
    NaiveGenerator,
    RasterNetwork,
    fixed_point_generator,
)
from genkit.sampling.raster.steering import VECTOR


def raster_checks(model: RasterNetwork) -> list[Check]:
    """Every proof for one model. Weights are put back afterwards."""
    return [*dependence_checks(cache(lambda: measure(model))), *RasterSuite(model).checks()]


class RasterSuite(Suite):
    """Images in raster order; a chunk is a row."""

    def __init__(self, model: RasterNetwork) -> None:
        settings = SampleSettings(TILE)
        incremental = IncrementalGenerator(model, settings, with_logits=True)
        super().__init__(
            model.variables,
            incremental,
            NaiveGenerator(model, settings),
            {VECTOR: model.examples(TILE)},
            int(np.prod(model.shape)),
            {"fixed_point_": fixed_point_generator(model, settings, with_logits=True)},
        )
        self.model = model
        self._forms = {
            xla: backend.compile(model.logits, model.variables, xla=xla) for xla in (True, False)
        }

    def random(self, draw: int) -> np.ndarray:
        return random_images(self.model, TILE, draw)

    def parallel(self, values: np.ndarray, xla: bool = True) -> np.ndarray:
        found = self._forms[xla](values, self.model.examples(TILE))
        return np.asarray(ops.convert_to_numpy(found))

    def joined(self, parts: Sequence[Any]) -> np.ndarray:
        return np.concatenate([ops.convert_to_numpy(part) for part in parts], axis=1)
