"""What the logits of a raster model depend on, by gradient and by changing values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np
from keras import ops

from genkit import backend
from genkit.conformance.weights import random_weights
from genkit.family import Check
from genkit.randomness import permutation, raw_bits, uniform

DRAWS = 8
MOST_POSITIONS = 96
BATCH = 32


class Measurable(Protocol):
    """What is needed of a network, such as a `RasterNetwork`."""

    shape: tuple[int, int, int]
    levels: int
    variables: list[Any]

    def examples(self, count: int) -> np.ndarray:
        """Conditions as the network takes them, `(count, ...)`."""
        ...

    def scores(self, x: Any, vector: Any) -> Any: ...

    def logits(self, values: Any, vector: Any) -> Any: ...

    def sees(self, output: tuple[int, int, int], value: tuple[int, int, int]) -> bool: ...


@dataclass(frozen=True)
class Dependence:
    """Strengths between outputs and values, largest over several random weights.

    Args:
        gradient: `(outputs, N)` largest absolute derivative of the logits.
        change: `(N, values)` largest change of the logits when one value changes.
        outputs: flat positions of the rows of `gradient`.
        values: flat positions of the columns of `change`.
        seen: `(outputs, N)` whether one of those must depend on a value.
        seeing: `(N, values)` whether an output must depend on one of those.
    """

    gradient: np.ndarray
    change: np.ndarray
    outputs: np.ndarray
    values: np.ndarray
    seen: np.ndarray
    seeing: np.ndarray

    def leak_by_gradient(self) -> float:
        """Largest derivative where there must be none."""
        return float(np.max(self.gradient * ~self.seen, initial=0.0))

    def leak_by_change(self) -> float:
        """Largest change of logits where there must be none."""
        return float(np.max(self.change * ~self.seeing, initial=0.0))

    def missing(self) -> float:
        """Number of values that a chosen output must depend on without any measured dependence.

        Other outputs are not asked: next to logits of about 1, the change by the far end of a
        deep network is lost in rounding, while a derivative is not.
        """
        found = self.gradient > 0
        found[:, self.values] |= self.change[self.outputs] > 0
        return float(np.sum(self.seen & ~found))


def dependence_checks(found: Callable[[], Dependence]) -> list[Check]:
    """Nothing leaks, by gradient and by change, and nothing within the field is missing."""
    return [
        Check("causality_gradient", 0.0, lambda: found().leak_by_gradient()),
        Check("causality_change", 0.0, lambda: found().leak_by_change()),
        Check("receptive_field_missing", 0.0, lambda: found().missing()),
    ]


def measure(model: Measurable, most: int = MOST_POSITIONS, batch: int = BATCH) -> Dependence:
    """Measure a model; all positions when it is small, a spread-out choice when it is large.

    Args:
        most: positions looked at. batch: of one pass.
    """
    count = int(np.prod(model.shape))
    chosen = _positions(count, most)
    gradient = np.zeros((len(chosen), count))
    change = np.zeros((count, len(chosen)))
    slopes = backend.compile(lambda *args: _slopes(model, *args), model.variables)
    logits = backend.compile(model.logits, model.variables)
    for draw in range(DRAWS):
        with random_weights(model.variables, draw):
            gradient = np.maximum(gradient, _gradients(model, slopes, chosen, draw, batch))
            change = np.maximum(change, _changes(model, logits, chosen, draw, batch))
    return Dependence(gradient, change, chosen, chosen, *expected(model, chosen, chosen))


def expected(
    model: Measurable, outputs: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What chosen outputs must depend on, `(outputs, N)` bool, and which outputs must depend on
    chosen values, `(N, values)` bool; from the family's own statement, flat raster and colour
    order.

    Asked pair by pair, unless the model tells all at once (`expected`).
    """
    at_once = getattr(model, "expected", None)
    if at_once is not None:
        seen, seeing = at_once(outputs, values)
        return seen, seeing
    height, width, channels = model.shape
    places = list(product(range(height), range(width), range(channels)))
    seen = np.array([[model.sees(places[output], value) for value in places] for output in outputs])
    seeing = np.array(
        [[model.sees(output, places[value]) for value in values] for output in places]
    )
    return seen, seeing


def random_images(model: Measurable, count: int, draw: int) -> np.ndarray:
    """`(count, H, W, C)` int32 values."""
    bits = raw_bits(draw, "conformance/images", 0, count * int(np.prod(model.shape)))
    return (bits % np.uint64(model.levels)).astype(np.int32).reshape(count, *model.shape)


def _positions(count: int, most: int) -> np.ndarray:
    if count <= most:
        return np.arange(count)
    inner = permutation(0, "conformance/positions", 0, count)[: most - 2]
    return np.unique(np.concatenate([[0, count - 1], inner]))


def _slopes(model: Measurable, x: Any, vector: Any, place: Any, mix: Any) -> Any:
    """Derivative of one mixed logit per row of the batch for all values of that row."""

    def mixed(x: Any) -> Any:
        return ops.sum(model.scores(x, vector) * place[..., None] * mix)

    return backend.input_gradient(mixed, x)


def _gradients(
    model: Measurable, slopes: Any, outputs: np.ndarray, draw: int, batch: int
) -> np.ndarray:
    count = int(np.prod(model.shape))
    x = 2.0 * uniform(draw, "conformance/x", 0, (1, *model.shape)) - 1.0
    mix = uniform(draw, "conformance/mix", 0, (model.levels,)) - np.float32(0.5)
    rows = []
    for start in range(0, len(outputs), batch):
        part = np.resize(outputs[start : start + batch], batch)
        flat = np.zeros((batch, count), np.float32)
        flat[np.arange(batch), part] = 1.0
        place = flat.reshape(batch, *model.shape)
        found = slopes(np.repeat(x, batch, axis=0), model.examples(batch), place, mix)
        rows.append(np.abs(ops.convert_to_numpy(found)).reshape(batch, count))
    return np.concatenate(rows)[: len(outputs)]


def _changes(
    model: Measurable, logits: Any, values: np.ndarray, draw: int, batch: int
) -> np.ndarray:
    """Compared with the unchanged image in the same row of another batch: the last rows of a
    product of matrices may be rounded in another way than the first ones."""
    count = int(np.prod(model.shape))
    base = np.repeat(random_images(model, 1, draw), batch, axis=0)
    vector = np.repeat(model.examples(1), batch, axis=0)

    def flat_logits(images: np.ndarray) -> np.ndarray:
        out = ops.convert_to_numpy(logits(images.reshape(base.shape), vector))
        return np.asarray(out).reshape(batch, count, -1)

    unchanged, rows, columns = flat_logits(base), np.arange(batch), []
    for start in range(0, len(values), batch):
        part = np.resize(values[start : start + batch], batch)
        flat = base.reshape(batch, count).copy()
        flat[rows, part] = (flat[rows, part] + 1 + draw % (model.levels - 1)) % model.levels
        columns.append(np.max(np.abs(flat_logits(flat) - unchanged), axis=-1))
    return np.concatenate(columns)[: len(values)].T
