"""How far away things are: depth prediction."""

from __future__ import annotations

from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from genkit.rl.experience import Experience, host
from genkit.rl.heads.base import Head, Learned
from genkit.rl.heads.control import summed
from genkit.rl.heads.maps import over_time
from genkit.rl.heads.perceptron import Perceptron
from genkit.sampling.decoding import log_probability

# The part of the picture that is foretold: neither the sky nor the floor at one's feet.
ROWS, COLUMNS = (0.2, 0.8), (0.05, 0.95)


@keras.saving.register_keras_serializable(package="genkit")
class DepthMap(Perceptron):
    """Depth of the cells of a map: for each cell a softmax of its own or one number (Mirowski et
    al., 2017, arXiv:1611.03673).

    Args:
        hidden: units. rows, columns: of cells.
        classes: bins of depth; 1 for the depth itself.

    Input: `(N, n)`. Output: `(N, rows, columns, classes)`, logits or depth.

    Attributes:
        edges: `(classes - 1,)`, inner edges of the bins, from 0 to 1. They are not trained, but
            kept with the layer; evenly spaced until they are calibrated. None without classes.
        calibrated: 1 from then on.
    """

    def __init__(
        self, hidden: int, rows: int, columns: int, classes: int = 8, **kwargs: Any
    ) -> None:
        super().__init__(hidden, rows * columns * classes, **kwargs)
        self.rows, self.columns, self.classes = rows, columns, classes
        self.edges: Any = None
        self.calibrated: Any = None

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if self.classes > 1:
            shape = (self.classes - 1,)
            self.edges = self.add_weight(shape, "zeros", name="edges", trainable=False)
            self.edges.assign(even_edges(self.classes))
            self.calibrated = self.add_weight((), "zeros", name="calibrated", trainable=False)

    def call(self, features: Any) -> Any:
        found = super().call(features)
        return ops.reshape(found, (-1, self.rows, self.columns, self.classes))

    def classified(self, depth: Any) -> Any:
        """Bins of depth, int32: how many edges are not above it."""
        above = ops.expand_dims(depth, -1) >= ops.convert_to_tensor(self.edges)
        return ops.sum(ops.cast(above, "int32"), axis=-1)

    def expected(self, logits: Any) -> Any:
        """The mean depth of `(..., classes)`, where each bin stands for its middle: `(...)`."""
        edges = ops.convert_to_tensor(self.edges)
        low = ops.concatenate([ops.zeros((1,)), edges])
        high = ops.concatenate([edges, ops.ones((1,))])
        return ops.sum(ops.softmax(logits, axis=-1) * (0.5 * (low + high)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("rows", "columns", "classes")}
        found = {**super().get_config(), **own}
        del found["outputs"]
        return found


class DepthPrediction(Head):
    """Depth of what is seen, cropped and reduced to a few cells, in the newest stretch (Mirowski et
    al., 2017, arXiv:1611.03673). As classes the loss is the cross-entropy, as a number the squared
    error, halved; both are summed over steps, in the mean over cells.

    The paper's edges of bins are made for another engine's depth. Here bins hold equal shares of
    what is observed: see `calibrate`.

    Args:
        name: `depth-1` or `depth-2`. settings: the section of it.
        network: whose environment shows `depth`.
        source: what is read of what the network makes of a stretch: `frames`, what the encoder
            makes of each frame, or `features`, what policy and value are computed from.
    """

    def __init__(
        self, name: str, settings: Any, network: Any, source: Literal["frames", "features"]
    ) -> None:
        self.name, self.settings, self.source = name, settings, source
        height, width = network.observation["depth"]
        rows, columns = settings.rows, settings.columns
        self.by_rows = area_means(height, *ROWS, rows)
        self.by_columns = area_means(width, *COLUMNS, columns).T
        self.layer = DepthMap(settings.hidden, rows, columns, settings.outputs, name=self.key)
        self.layer.build((None, getattr(network, f"{source}_width")))

    @property
    def calibrated(self) -> bool:
        """Whether edges of bins are set, or there are none."""
        return self.layer.calibrated is None or bool(host(self.layer.calibrated) != 0)

    def calibrate(self, depth: np.ndarray) -> None:
        """Edges of bins such that each holds as much of what was observed.

        Args:
            depth: `(N, H, W)` uint8.

        Raises:
            ValueError: there are no bins, or nothing was observed.
        """
        if self.layer.edges is None:
            raise ValueError(f"{self.name} has no bins: its form is '{self.settings.form}'")
        cells = host(self.reduced(depth))
        self.layer.edges.assign(quantile_edges(cells, self.settings.classes))
        self.layer.calibrated.assign(1.0)

    def reduced(self, depth: Any) -> Any:
        """Depth `(..., H, W)` from 0 to 255 as means over the area of each cell, `(..., rows,
        columns)` from 0 to 1."""
        seen = ops.matmul(ops.cast(depth, "float32") / 255.0, self.by_columns)
        return ops.matmul(self.by_rows, seen)

    def _target(self, experience: Experience) -> Any:
        return self.reduced(experience["observation"]["depth"][:-1])

    def _found(self, unrolled: Any) -> Any:
        return over_time(self.layer, getattr(unrolled, self.source)[:-1])

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        found, depth = self._found(learned.unrolled), self._target(learned.experience)
        if self.layer.edges is None:
            error = ops.square(found[..., 0] - depth)
            loss, figures = 0.5 * error, {f"{self.key}_mse": ops.mean(error)}
        else:
            classes = self.layer.classified(depth)
            loss = -log_probability(found, classes)
            right = ops.equal(ops.cast(ops.argmax(found, axis=-1), "int32"), classes)
            figures = {
                f"{self.key}_nats": ops.mean(loss),
                f"{self.key}_percent": 100 * ops.mean(ops.cast(right, "float32")),
            }
        # The mean over cells: summed, the paper's weights would drown what the agent is for.
        cells = self.settings.rows * self.settings.columns
        return self.settings.weight * summed(loss) / cells, figures

    def shown(self, learned: Learned) -> dict[str, Any]:
        found = self._found(learned.unrolled)
        if self.layer.edges is None:
            predicted = ops.clip(found[..., 0], 0.0, 1.0)
        else:
            predicted = self.layer.expected(found)
        true = self._target(learned.experience)
        return {f"{self.name}-true": true, f"{self.name}-predicted": predicted}


def area_means(size: int, low: float, high: float, cells: int) -> np.ndarray:
    """What makes means over equal parts of a side of pixels, `(cells, size)` float32: the share
    that each pixel has of each cell, exact where edges of cells lie within pixels.

    Args:
        size: pixels. low, high: where the first cell begins and the last one ends, from 0 to 1.
        cells: how many there are.
    """
    edges = size * (low + (high - low) * np.arange(cells + 1) / cells)
    pixels = np.arange(size)
    end = np.minimum(edges[1:, None], pixels + 1)
    shared = np.maximum(end - np.maximum(edges[:-1, None], pixels), 0.0)
    return (shared / shared.sum(axis=1, keepdims=True)).astype(np.float32)


def even_edges(classes: int) -> np.ndarray:
    """Inner edges of bins of equal width from 0 to 1, `(classes - 1,)` float32."""
    return (np.arange(1, classes) / classes).astype(np.float32)


def quantile_edges(values: np.ndarray, classes: int) -> np.ndarray:
    """Inner edges of bins that hold equal shares of values from 0 to 1, as nearly as can be,
    `(classes - 1,)` float32. They do not decrease.

    An edge lies half-way between two values, so that rounding cannot move one across it. A value
    that is there so often that it fills several bins is not divided: some bins stay empty.

    Raises:
        ValueError: there are no values.
    """
    if not values.size:
        raise ValueError("edges of bins need observed values. Received: none")
    distinct, counts = np.unique(np.round(values.astype(np.float64), 5), return_counts=True)
    if len(distinct) == 1:
        return even_edges(classes)
    below = np.cumsum(counts)[:-1] / values.size  # the share below each gap
    wanted = np.arange(1, classes) / classes
    gap = np.argmin(np.abs(below[:, None] - wanted), axis=0)
    return (0.5 * (distinct[gap] + distinct[gap + 1])).astype(np.float32)
