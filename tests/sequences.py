"""Small stacks and WaveNets for tests: built, with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit.conformance.weights import randomise
from genkit.layers.dilated import DilatedCausalStack
from genkit.models.wavenet.network import WaveNet
from genkit.models.wavenet.sampling import WaveNetSequence
from genkit.randomness import normal, raw_bits


def array(value: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(value))


def numbers(name: str, *shape: int, seed: int = 0) -> np.ndarray:
    return normal(seed, f"tests/{name}", 0, shape)


def codes(name: str, levels: int, *shape: int, seed: int = 0) -> np.ndarray:
    bits = raw_bits(seed, f"tests/{name}", 0, int(np.prod(shape)))
    return (bits % np.uint64(levels)).astype(np.int32).reshape(shape)


def stack(kernel: int = 2, dilations: Sequence[int] = (1, 2, 4), **settings: Any) -> Any:
    """A built stack; 4 residual and 6 skip channels unless given otherwise."""
    sizes = {"residual": 4, "skip": 6, "gated": 5, **settings}
    layer = DilatedCausalStack(dilations=dilations, kernel=kernel, **sizes)
    layer.build((None, None, layer.residual))
    randomise(layer.variables, 1)
    return layer


def wavenet(seed: int = 1, **settings: Any) -> WaveNetSequence:
    """A built WaveNet of 7 codes and three layers unless given otherwise."""
    sizes: dict[str, Any] = {
        "levels": 7,
        "residual": 4,
        "skip": 6,
        "head": 5,
        "dilations": (1, 2, 4),
        "name": "wavenet",
        **settings,
    }
    network = WaveNet(**sizes)
    network.build((None, None))
    randomise(network.variables, seed)
    return WaveNetSequence(network)


def conditions(
    view: WaveNetSequence, batch: int, length: int, seed: int = 0
) -> dict[str, np.ndarray]:
    """Random arrays for the conditions that the network has."""
    network, found = view.network, {}
    if network.vector_width:
        found["vector"] = numbers("vector", batch, network.vector_width, seed=seed)
    if network.features:
        rows = length
        if (up := network.upsampling) is not None:
            rows = -(-length // up.hop) + 2 * up.halo
        found["local"] = numbers("local", batch, rows, network.features, seed=seed)
        if (own := network.prediction) is not None:  # filters that ring little
            found["local"][..., own.column : own.column + own.order] *= 0.1
    return found
