"""Random weights for proofs: fresh initial weights have zero biases and hide dependencies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from keras import ops

from genkit.randomness import normal


@contextmanager
def random_weights(variables: Sequence[Any], draw: int) -> Iterator[None]:
    """Random values in all float `variables` within, the old ones again afterwards.

    Args:
        variables: Keras variables. draw: which random values; each number gives others.
    """
    kept = [np.array(ops.convert_to_numpy(variable)) for variable in variables]
    try:
        randomise(variables, draw)
        yield
    finally:
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)


def randomise(variables: Sequence[Any], draw: int) -> None:
    """Random values, of about the size of trained ones, for all float `variables`."""
    for i, variable in enumerate(variables):
        if "float" in str(variable.dtype):
            shape = tuple(variable.shape)
            scale = 1.2 / np.sqrt(np.prod(shape[:-1])) if len(shape) > 1 else 0.3
            noise = normal(draw, "conformance/weights", i, shape)
            variable.assign(noise * np.float32(scale))
