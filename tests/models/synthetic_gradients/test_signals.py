"""What crosses cuts, against gradients written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit.conformance.weights import randomise
from genkit.models.synthetic_gradients.losses import item_losses
from genkit.randomness import normal
from tests.cuts import CUTS
from tests.densities import array

pytestmark = pytest.mark.backends

PLAIN = {"normalise": False, "activation": "tanh", "width": 4, "depth": 2, "position": "every"}


def made(method: str, **model: Any) -> Any:
    learner = CUTS.fresh("dense", model={**PLAIN, "method": method, **model})
    randomise([v for n in learner.networks.values() for v in n.trainable_variables], 1)
    return learner


def items(learner: Any, count: int = 5) -> tuple[np.ndarray, np.ndarray]:
    x = normal(0, "test/x", 0, (count, *learner.network_input()))
    return x, np.eye(learner.outputs, dtype=np.float32)[np.arange(count) % learner.outputs]


def told(learner: Any, x: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
    """The error told to each hidden layer."""
    return [error for error, _ in learner.layer_errors(x, targets)][:-1]


def by_hand(learner: Any, x: np.ndarray, targets: np.ndarray) -> tuple[Any, ...]:
    """Activations of both hidden layers, kernels, and the errors of the outputs."""
    kernels = [array(b.kernel).astype(np.float64) for b in learner.network.blocks]
    biases = [array(b.bias).astype(np.float64) for b in learner.network.blocks]
    h, given = x.reshape(len(x), -1).astype(np.float64), []
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        h = np.tanh(h @ kernel + bias)
        given.append(h)
    z = h @ kernels[-1] + biases[-1]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return given, kernels, p / p.sum(axis=1, keepdims=True) - targets


def test_backpropagation() -> None:
    learner = made("bprop")
    x, targets = items(learner)
    given, kernels, errors = by_hand(learner, x, targets)
    top = errors @ kernels[2].T
    low = (top * (1 - given[1] ** 2)) @ kernels[1].T
    for mine, wanted in zip(told(learner, x, targets), (low, top), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-4, atol=1e-5)


def test_feedback_alignment_takes_random_weights_back() -> None:
    learner = made("fa")
    x, targets = items(learner)
    given, _, errors = by_hand(learner, x, targets)
    feedback = [None, *[array(b.feedback) for b in learner.network.blocks[1:]]]
    top = errors @ feedback[2].T
    low = (top * (1 - given[1] ** 2)) @ feedback[1].T
    for mine, wanted in zip(told(learner, x, targets), (low, top), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-4, atol=1e-5)


def test_direct_feedback_comes_from_the_outputs() -> None:
    learner = made("dfa")
    x, targets = items(learner)
    _, _, errors = by_hand(learner, x, targets)
    for cut, mine in zip(learner.cuts, told(learner, x, targets), strict=True):
        np.testing.assert_allclose(mine, errors @ array(cut.matrix), rtol=1e-4, atol=1e-5)


def test_kickback_gives_each_unit_the_error_of_its_output() -> None:
    learner = made("kickback", width=6)
    x, targets = items(learner)
    _, _, errors = by_hand(learner, x, targets)
    for mine in told(learner, x, targets):
        for unit in range(6):
            wanted = errors[:, unit % learner.outputs]
            np.testing.assert_allclose(mine[:, unit], wanted, rtol=1e-4, atol=1e-5)


def test_kickback_gives_a_map_one_output_everywhere() -> None:
    maps = [{"maps": 3, "kernel": 3}]
    learner = CUTS.fresh("dense", model={"method": "kickback", "convolutions": maps, "depth": 0})
    x, targets = items(learner)
    outputs = array(
        learner.decoupled.segments(
            ops.convert_to_tensor(x), ops.convert_to_tensor(targets), ops.zeros(())
        )[1]
    )
    p = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    errors = p / p.sum(axis=1, keepdims=True) - targets
    (mine,) = told(learner, x, targets)
    wanted = np.broadcast_to(errors[:, None, None, :3], mine.shape)
    np.testing.assert_allclose(mine, wanted, rtol=1e-4, atol=1e-5)


def test_a_module_is_told_the_bootstrapped_error() -> None:
    module = {"kind": "linear", "condition": True}
    learner = made("sg", module=module)
    x, targets = items(learner)
    given, kernels, errors = by_hand(learner, x, targets)
    weights = [[array(w).astype(np.float64) for w in cut.weights] for cut in learner.cuts]

    def says(cut: int) -> np.ndarray:
        a, c, b = weights[cut]
        return np.asarray(given[cut] @ a + targets @ b + c)

    true_top = errors @ kernels[2].T
    # The lower module is taught by what the upper one says, not by the true error.
    wanted_low = (says(1) * (1 - given[1] ** 2)) @ kernels[1].T
    losses = [
        np.square(says(cut) - wanted).sum(axis=1).mean()
        for cut, wanted in ((0, wanted_low), (1, true_top))
    ]
    found, *_ = learner.decoupled.segments(
        ops.convert_to_tensor(x), ops.convert_to_tensor(targets), ops.zeros(())
    )
    mine = [float(array(segment.crossing.loss)) for segment in found[1:]]
    np.testing.assert_allclose(mine, losses, rtol=1e-4)
    for cut, own in enumerate(told(learner, x, targets)):
        np.testing.assert_allclose(own, says(cut), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["sg_prop", "critic_prop"])
def test_a_module_that_shapes_layers_adds_the_slope_of_its_loss(method: str) -> None:
    module = {"hidden": [5], "condition": True, "normalise": False, "prop": 0.5}
    learner = made(method, module=module, position="output")
    x, targets = items(learner)
    z = array(learner.network(ops.convert_to_tensor(x)))
    cut = learner.cuts[0]
    base = array(cut.tell(ops.convert_to_tensor(z), ops.convert_to_tensor(targets)))
    p = np.exp(z - z.max(axis=1, keepdims=True))
    errors = p / p.sum(axis=1, keepdims=True) - targets
    item = array(item_losses("cross_entropy", ops.convert_to_tensor(z), targets))

    def module_loss(at: np.ndarray) -> np.ndarray:
        says = array(cut.module(ops.convert_to_tensor(at), ops.convert_to_tensor(targets)))
        if method == "sg_prop":
            return np.square(says - errors).sum(axis=1)
        return np.square(says - item)

    step, slope = 1e-2, np.zeros_like(z)
    for k in range(z.shape[1]):
        shift = np.zeros_like(z)
        shift[:, k] = step
        slope[:, k] = (module_loss(z + shift) - module_loss(z - shift)) / (2 * step)
    (pair,) = learner.layer_errors(x, targets)[-1:]
    np.testing.assert_allclose(pair[0], base + 0.5 * slope, rtol=2e-2, atol=5e-3)


def test_a_critic_tells_the_slope_of_the_loss_that_it_expects() -> None:
    learner = made("critic", module={"hidden": [5], "condition": True, "normalise": False})
    h = normal(0, "test/h", 0, (3, 4))
    _, targets = items(learner, 3)
    cut, step = learner.cuts[0], 1e-2
    mine = array(cut.tell(ops.convert_to_tensor(h), ops.convert_to_tensor(targets)))
    for unit in range(4):
        shift = np.zeros_like(h)
        shift[:, unit] = step
        ends = [
            array(cut.module(ops.convert_to_tensor(h + s), ops.convert_to_tensor(targets)))
            for s in (shift, -shift)
        ]
        np.testing.assert_allclose(mine[:, unit], (ends[0] - ends[1]) / (2 * step), atol=1e-2)


def test_the_best_rate_is_where_the_module_loss_is_least() -> None:
    learner = CUTS.fresh("line")
    randomise([v for n in learner.networks.values() for v in n.trainable_variables], 2)
    points = learner.split("train").points[:8]
    targets = learner.split("train").targets[:8]
    found, *_ = learner.decoupled.segments(
        ops.convert_to_tensor(points), ops.convert_to_tensor(targets), ops.zeros(())
    )
    cut, segment = learner.cuts[0], found[1]
    gradients = segment.crossing.gradients
    best = float(array(cut.best_rate(segment.above.entered, segment.above, gradients)))
    start = [array(w) for w in cut.weights]

    def loss(rate: float) -> float:
        for weight, value, slope in zip(cut.weights, start, gradients, strict=True):
            weight.assign(value - rate * array(slope))
        return float(array(cut.module_loss(segment.above.entered, segment.above)))

    losses = [loss(best * factor) for factor in (0.8, 0.95, 1.0, 1.05, 1.2)]
    assert min(losses) == losses[2]
    assert losses[0] > losses[1]
    assert losses[4] > losses[3]
