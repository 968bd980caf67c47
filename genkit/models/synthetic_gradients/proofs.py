"""What `genkit check` proves of a cut network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.conformance.weights import random_weights
from genkit.family import Check
from genkit.models.synthetic_gradients.losses import item_losses, output_errors
from genkit.randomness import normal

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.learner import SyntheticGradientsLearner

DRAW, OTHER = 3, 4  # of random weights
ITEMS = 6
ROUNDING = 1e-4  # of the largest number, float32
EXACT = 0.0
ALONE = ("noprop", "sg", "critic")  # what crosses a cut does not depend on what is above


def checks(learner: SyntheticGradientsLearner) -> Iterator[Check]:
    """Each fits what the recipe asks for."""
    config = learner.config
    yield Check("errors of outputs and slopes", ROUNDING, lambda: output_slopes(learner))
    if config.method != "fa" and config.unlock == "update":
        yield Check("true errors and whole backpropagation", ROUNDING, lambda: uncut(learner))
    alone = config.method in ALONE and config.mix == 0 and config.update_prob == 1.0
    if alone and any(cut < config.hidden_layers for cut in config.cuts()):
        yield Check("lower layers under other upper ones", EXACT, lambda: unlocked(learner))


def _items(learner: SyntheticGradientsLearner) -> tuple[Any, Any]:
    x = normal(0, "check/items", 0, (ITEMS, *learner.network_input()))
    targets = np.eye(learner.outputs, dtype=np.float32)[np.arange(ITEMS) % learner.outputs]
    return ops.convert_to_tensor(x), ops.convert_to_tensor(targets)


def _everything(learner: SyntheticGradientsLearner) -> list[Any]:
    return [v for network in learner.networks.values() for v in network.trainable_variables]


def _arrays(tensors: Any) -> list[np.ndarray]:
    return [np.asarray(ops.convert_to_numpy(t)) for t in tensors]


def output_slopes(learner: SyntheticGradientsLearner) -> float:
    """Largest difference of the written slopes of a loss from differentiated ones."""
    _, targets = _items(learner)
    outputs = normal(0, "check/outputs", 0, (ITEMS, learner.outputs))
    loss = learner.config.loss
    slopes = backend.input_gradient(lambda z: item_losses(loss, z, targets), outputs)
    written = output_errors(loss, ops.convert_to_tensor(outputs), targets)
    mine, theirs = _arrays([slopes, written])
    return float(np.abs(mine - theirs).max())


def uncut(learner: SyntheticGradientsLearner) -> float:
    """Largest difference of gradients once the true error crosses the cuts from those of the
    whole network, in units of the largest."""
    with random_weights(_everything(learner), DRAW):
        x, targets = _items(learner)
        found, *_ = learner.decoupled.segments(x, targets, ops.ones(()))
        numbers = range(len(found))
        weights = [w for n in numbers for w in learner.network.segment_weights(n)]

        def loss() -> tuple[Any, Any]:
            layers = range(len(learner.network.blocks))
            given, _ = learner.network.run(x, layers, training=True)
            return ops.mean(item_losses(learner.config.loss, given[-1], targets)), {}

        _, whole = backend.gradients(loss, weights)
        mine = _arrays([g for segment in found for g in segment.gradients])
        theirs = _arrays(whole)
    scale = max(1e-6, *(float(np.abs(g).max()) for g in theirs))
    return max(float(np.abs(a - b).max()) for a, b in zip(mine, theirs, strict=True)) / scale


def unlocked(learner: SyntheticGradientsLearner) -> float:
    """How much gradients below a cut change with the layers above it, the most of all cuts."""
    network, worst = learner.network, 0.0
    with random_weights(_everything(learner), DRAW):
        items = _items(learner)
        before = _gradients(learner, *items)
        for cut in range(len(network.segments) - 1):
            segments = range(cut + 1, len(network.segments))
            above = [w for n in segments for w in network.segment_weights(n)]
            with random_weights(above, OTHER):
                after = _gradients(learner, *items)
            for mine, theirs in zip(before[: cut + 1], after[: cut + 1], strict=True):
                worst = max(
                    worst, *(float(np.abs(a - b).max()) for a, b in zip(mine, theirs, strict=True))
                )
    return worst


def _gradients(learner: SyntheticGradientsLearner, x: Any, targets: Any) -> list[list[np.ndarray]]:
    """Of each segment."""
    found, *_ = learner.decoupled.segments(x, targets, ops.zeros(()))
    return [_arrays(segment.gradients) for segment in found]
