"""The error that reaches the layers below a cut, by method (arXiv:1703.00522, section 6).

With h what crosses the cut, y the target, L the loss of an item and d the error that the segment
above would send back (bootstrapped: it rests on what that segment was told itself):

noprop       nothing
bprop        d
fa           d, where the weights just above the cut are replaced by fixed random ones
dfa          dL/dp B, from the error of the outputs by one fixed random matrix
kickback     the same with ones: each unit or map belongs to one output, taken in turn. A
             softmax has errors whose sum is zero, so that a single group would learn nothing
sg           S(h, y), taught to be d
sg_prop      S(h, y) + w dL_S/dh, with L_S = |S - d|^2: the module's loss shapes h as well
critic       dc/dh, with c(h, y) taught to be L
critic_prop  dc/dh + w d(c - L)^2/dh
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit import backend
from genkit.models.synthetic_gradients.config import CRITICS, SyntheticGradientsConfig
from genkit.models.synthetic_gradients.modules import CutModule
from genkit.randomness import normal


@dataclass
class Above:
    """What is known above a cut, of a batch.

    Args:
        error: what the segment above sends back, `(B, *shape)`, of each item.
        entered: what that segment worked on, same shape.
        losses: of the items, `(B,)`.
        outputs: errors of the outputs, `(B, K)`.
        targets: `(B, K)`.
    """

    error: Any
    entered: Any
    losses: Any
    outputs: Any
    targets: Any


@dataclass
class Crossing:
    """What a cut lets through.

    Args:
        signal: the error told to the layers below, `(B, *shape)`.
        loss: of the module, a scalar; 0 without one.
        gradients: of that loss, one for each of the module's weights.
    """

    signal: Any
    loss: Any
    gradients: list[Any]


class Cut:
    """One cut: its module, or its fixed matrix, and what crosses it.

    Args:
        config: the recipe's `model` section. shape: of what crosses, without the batch.
        outputs: of the network. index: number of the cut. seed: of a random matrix.
    """

    def __init__(
        self,
        config: SyntheticGradientsConfig,
        shape: tuple[int, ...],
        outputs: int,
        index: int,
        seed: int,
    ) -> None:
        self.config, self.shape = config, tuple(shape)
        self.module: CutModule | None = None
        self.matrix: keras.Variable | None = None
        if config.learned:
            single = config.method in CRITICS
            self.module = CutModule(config.module, shape, single, name=f"module_{index}")
            self.module.build((None, *shape), outputs)
        if config.method in ("dfa", "kickback"):
            units = math.prod(shape)
            if config.method == "dfa":
                drawn = normal(seed, "synthetic_gradients/feedback", index, (outputs, units))
                values: np.ndarray = drawn / np.float32(math.sqrt(outputs))
            else:
                maps = np.arange(units) % self.shape[-1]  # a map belongs to one output
                values = np.eye(outputs, dtype=np.float32)[:, maps % outputs]
            self.matrix = keras.Variable(values, trainable=False, name=f"matrix_{index}")

    @property
    def weights(self) -> list[keras.Variable]:
        """What is trained here."""
        return [] if self.module is None else list(self.module.trainable_variables)

    def tell(self, h: Any, targets: Any) -> Any:
        """What the module says of activations: an error, or of critics the slope of a loss."""
        module = self.module
        if module is None:
            raise ValueError(f"nothing is learned at a cut with {self.config.method}")
        if self.config.method not in CRITICS:
            return ops.stop_gradient(module(h, targets))

        def total(x: Any) -> tuple[Any, Any]:
            return ops.sum(module(x, targets)), {}

        _, _, (slope,) = backend.gradients(total, [], [h])
        return ops.stop_gradient(slope)

    def cross(self, h: Any, above: Above, warm: Any) -> Crossing:
        """What the layers below are told of `h`, what they gave.

        Args:
            h: `(B, *shape)`. above: what is known there. warm: 1 for the true error, 0 for the
                method's; a scalar.
        """
        signal, loss, gradients = self._method(h, above)
        share = ops.maximum(ops.cast(warm, "float32"), self.config.mix)
        signal = share * above.error + (1.0 - share) * signal
        return Crossing(ops.stop_gradient(signal), loss, gradients)

    def _method(self, h: Any, above: Above) -> tuple[Any, Any, list[Any]]:
        method = self.config.method
        if method == "noprop":
            return ops.zeros_like(h), 0.0, []
        if method in ("bprop", "fa"):
            return above.error, 0.0, []
        if self.matrix is not None:
            told = ops.matmul(above.outputs, self.matrix.value)
            return ops.reshape(told, (-1, *self.shape)), 0.0, []
        return self._learned(h, above)

    def _learned(self, h: Any, above: Above) -> tuple[Any, Any, list[Any]]:
        """The module's word for `h`, and its loss where the truth is known."""
        batch = h.shape[0]

        def loss(entered: Any) -> tuple[Any, Any]:
            return self.module_loss(entered, above) / batch, {}

        (value, _), found, (slope,) = backend.gradients(loss, self.weights, [above.entered])
        signal = self.tell(h, above.targets)
        if self.config.method.endswith("_prop"):
            signal = signal + self.config.module.prop * batch * slope
        return signal, value, list(found)

    def module_loss(self, entered: Any, above: Above) -> Any:
        """Sum over items of the squared distance to what was wanted."""
        assert self.module is not None  # noqa: S101 - asked by `cross` alone
        told = self.module(entered, above.targets)
        wanted = above.losses if self.config.method in CRITICS else above.error
        return ops.sum(ops.square(told - ops.stop_gradient(wanted)))

    def best_rate(self, entered: Any, above: Above, gradients: list[Any]) -> Any:
        """The rate along `gradients` that makes the loss of a linear module least: exact, since
        the loss is a square of what is linear in the weights."""
        assert self.module is not None  # noqa: S101
        rest = self.module(entered, above.targets) - ops.stop_gradient(above.error)
        moved = self.module.response(entered, above.targets, gradients)
        return ops.sum(rest * moved) / ops.maximum(ops.sum(ops.square(moved)), 1e-30)
