"""The WaveNet as a sequence network: many codes at once, or one on a small state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit.errors import UsageError, unknown
from genkit.family import Arrays
from genkit.layers.dilated_steps import DilatedSteps
from genkit.layers.dilation import seen_lags
from genkit.models.wavenet.network import WaveNet
from genkit.sampling.decoding import logits_type

VECTOR, LOCAL = "vector", "local"


class WaveNetSequence:
    """A built WaveNet for the samplers and checks of `genkit.sampling.sequence`.

    Conditions are arrays: `vector` `(B, vector)` and `local` `(B, T, local)`, those the network
    has. The state is the codes that the input convolution still needs and the ring buffers.
    """

    def __init__(self, network: WaveNet) -> None:
        self.network = network
        self.levels, self.receptive_field = network.levels, network.receptive_field
        stack = network.stack
        inputs = seen_lags(stack.taps, stack.dilations)
        self._lags = {lag + tap for lag in inputs for tap in range(1, network.input_kernel + 1)}
        self.float_type = logits_type(network.compute_dtype)
        self.variables = list(network.variables)

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """Arrays of what the user wrote; a bare network takes nothing in words."""
        for key in (key for row in rows for key in row):
            raise UsageError(f"--condition: {unknown('condition', key, ())}")
        return {}

    def sees(self, lag: int) -> bool:
        return lag in self._lags

    def cut(self, conditions: Arrays, start: int, stop: int) -> Arrays:
        """Conditions of the time steps `start` to `stop`; zeros past the end."""
        return {
            name: time_cut(array, start, stop) if name == LOCAL else array
            for name, array in conditions.items()
        }

    def scores(self, x: Any, conditions: Mapping[str, Any]) -> Any:
        return self.network(x, conditions.get(VECTOR), conditions.get(LOCAL))

    def logits(self, values: Any, conditions: Mapping[str, Any]) -> Any:
        return self.scores(self.network.embedding.one_hot(values), conditions)

    def begin(self, batch: int, conditions: Mapping[str, Any]) -> dict[str, Any]:
        network = self.network
        nothing = ops.full((batch, network.input_kernel - 1), self.levels, "int32")
        rings = network.stack.rings.zeros(batch, network.compute_dtype)
        return {"older": nothing, "rings": rings}

    def stretch(
        self, values: Any, before: Any, state: Any, position: Any, conditions: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        network = self.network
        codes = ops.concatenate([state["older"], before[:, None], values[:, :-1]], axis=1)
        skips, rings = network.stack.stretch(
            network.embedding(network.embedding.one_hot(codes)),
            state["rings"],
            position,
            conditions.get(VECTOR),
            conditions.get(LOCAL),
        )
        kept = codes[:, codes.shape[1] - (network.input_kernel - 1) :]
        return network.head(skips), {"older": kept, "rings": rings}

    def steps(self, conditions: Mapping[str, Any]) -> WaveNetSteps:
        return WaveNetSteps(self.network, conditions)

    def products(self) -> list[list[np.ndarray]]:
        """The weights that a step multiplies with, layer by layer; conditions are projected
        beforehand."""
        stack, head = self.network.stack, (self.network.hidden, self.network.logits_map)
        layers = [[layer.kernel, layer.skip_kernel] for layer in stack.layers]
        for weights, layer in zip(layers, stack.layers[:-1], strict=False):
            weights.append(layer.back_kernel)
        layers += [[layer.kernel] for layer in head]
        return [[np.asarray(ops.convert_to_numpy(w)) for w in weights] for weights in layers]


class WaveNetSteps:
    """One code after the other; made once a chunk, outside of the loop."""

    def __init__(self, network: WaveNet, conditions: Mapping[str, Any]) -> None:
        self.network = network
        self.tables = network.embedding.tables()
        self.stack = DilatedSteps(network.stack, conditions.get(VECTOR), conditions.get(LOCAL))

    def __call__(self, before: Any, state: Any, position: Any, i: Any) -> tuple[Any, Any]:
        codes = ops.concatenate([state["older"], before[:, None]], axis=1)
        rows = [ops.take(table, codes[:, tap], axis=0) for tap, table in enumerate(self.tables)]
        skips, rings = self.stack.step(sum(rows[1:], rows[0]), state["rings"], position, i)
        return self.network.head(skips), {"older": codes[:, 1:], "rings": rings}


def time_cut(array: np.ndarray, start: int, stop: int) -> np.ndarray:
    """`array[:, start:stop]`, zeros past the end."""
    cut = array[:, start:stop]
    missing = stop - start - cut.shape[1]
    return np.pad(cut, ((0, 0), (0, missing)) + ((0, 0),) * (array.ndim - 2))
