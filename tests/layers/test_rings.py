"""Ring buffers: what is written is read back the right number of steps later."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkit.layers.rings import Rings
from tests.sequences import array


def step_inputs(layers: int, step: int) -> list[np.ndarray]:
    """`(B = 2, R = 3)` of each layer, telling layer, time and row; nothing before time 0."""
    rows = np.arange(2, dtype=np.float32)[:, None]
    told = (100 * step + 10 * np.arange(1, layers + 1)) if step >= 0 else np.zeros(layers)
    return [np.broadcast_to(n + (rows if step >= 0 else 0), (2, 3)).astype("float32") for n in told]


@given(
    kernel=st.sampled_from([2, 3]),
    dilations=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    steps=st.integers(1, 12),
)
@settings(max_examples=10)
def test_every_layer_reads_its_own_past(kernel: int, dilations: list[int], steps: int) -> None:
    layout = Rings(kernel, dilations, 3)
    rings = layout.zeros(2, "float32")
    count = len(dilations)
    for step in range(steps):
        found = array(layout.read(rings, step))
        for layer, dilation in enumerate(dilations):
            taps = [step - back * dilation for back in range(kernel - 1, 0, -1)]
            wanted = np.concatenate([step_inputs(count, tap)[layer] for tap in taps], axis=-1)
            np.testing.assert_array_equal(found[layout.place[layer]], wanted)
        rings = layout.write(rings, step, step_inputs(count, step))
    for layer, past in enumerate(layout.past(rings, steps)):
        span = (kernel - 1) * dilations[layer]
        wanted = [step_inputs(count, at)[layer] for at in range(steps - span, steps)]
        np.testing.assert_array_equal(array(past), np.stack(wanted, axis=1))


@pytest.mark.backends
@pytest.mark.parametrize("position", [0, 3, 7])
def test_filling_undoes_taking_out(position: int) -> None:
    layout = Rings(3, [2, 1, 2], 3)
    rings: Any = layout.zeros(2, "float32")
    for step in range(position):
        rings = layout.write(rings, step, step_inputs(3, step))
    again = layout.filled(layout.past(rings, position), position)
    for mine, theirs in zip(again, rings, strict=True):
        np.testing.assert_array_equal(array(mine), array(theirs))


def test_layers_of_equal_dilation_share_a_buffer() -> None:
    layout = Rings(2, [1, 2, 4, 1, 2, 4, 2], 5)
    shapes = [tuple(ring.shape) for ring in layout.zeros(8, "float32")]
    assert shapes == [(1, 2, 8, 5), (2, 3, 8, 5), (4, 2, 8, 5)]
