"""What `genkit check` proves of copying."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.conformance.weights import random_weights
from genkit.family import Check
from genkit.randomness import normal

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.recurrent.learner import CopyLearner

ROUNDING = 1e-4
DRAW = 5
ROWS = 4


def checks(learner: CopyLearner) -> Iterator[Check]:
    """Windows say what whole episodes say; a bridge that told the truth would not truncate."""
    yield Check("windows and whole episodes", ROUNDING, lambda: windows(learner))
    yield Check("true bridges and no truncation", ROUNDING, lambda: truncation(learner))


def windows(learner: CopyLearner) -> float:
    """Largest difference of log-probabilities window by window from one pass."""
    made = learner.dataset.episodes(0, "check", 0, ROWS, 3)
    with random_weights(learner.network.trainable_variables, DRAW):
        pieces = learner.say(made)
        state = ops.zeros((ROWS, 2 * learner.config.recurrent.units))
        whole, _ = learner.network.window(ops.convert_to_tensor(made.inputs), state)
        found = np.asarray(ops.convert_to_numpy(ops.log_softmax(whole, axis=-1)))
    return float(np.abs(pieces - found).max())


def truncation(learner: CopyLearner) -> float:
    """Largest difference of gradients of two windows, the first of which is told what the second
    sends back, from those of both at once; in units of the largest."""
    window, network = learner.config.recurrent.window, learner.network
    inputs = normal(0, "check/inputs", 0, (2 * window, ROWS, learner.network.inputs_width))
    weights = network.trainable_variables
    start = ops.zeros((ROWS, 2 * learner.config.recurrent.units))

    def piece(own: Any, signal: Any) -> Any:
        def objective(state: Any) -> tuple[Any, Any]:
            logits, end = network.window(ops.convert_to_tensor(own), state)
            value = ops.sum(ops.square(logits))
            return (value if signal is None else value + ops.sum(signal * end)), end

        return objective

    with random_weights(weights, DRAW):
        _, whole, _ = backend.gradients(piece(inputs, None), weights, [start])
        _, middle = network.window(ops.convert_to_tensor(inputs[:window]), start)
        _, second, (back,) = backend.gradients(piece(inputs[window:], None), weights, [middle])
        _, first, _ = backend.gradients(piece(inputs[:window], back), weights, [start])
        pairs = [
            (np.asarray(ops.convert_to_numpy(a + b)), np.asarray(ops.convert_to_numpy(w)))
            for a, b, w in zip(first, second, whole, strict=True)
        ]
    scale = max(float(np.abs(w).max()) for _, w in pairs)
    return max(float(np.abs(mine - w).max()) for mine, w in pairs) / scale
