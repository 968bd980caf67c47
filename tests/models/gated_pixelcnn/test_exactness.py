"""Random architectures in float64, operation by operation: all samplers draw the very same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkit import backend
from genkit.family import Forced, SampleSettings
from genkit.models.gated_pixelcnn.network import GatedPixelCNN
from genkit.models.gated_pixelcnn.view import GatedPixelCNNView
from genkit.randomness import normal, uniform
from genkit.sampling.driver import tile_chunks
from genkit.sampling.raster import (
    ClassPart,
    ImageFixedPoint,
    IncrementalGenerator,
    NaiveGenerator,
    Part,
    RowFixedPoint,
    Steering,
    VectorPart,
)
from genkit.sampling.raster.steering import VECTOR

# On JAX each single operation is compiled, which takes minutes, and float64 is off.
pytestmark = pytest.mark.skipif(backend.name() != "tensorflow", reason="slow, no float64")
TILE = 2
SHAPES = [(1, 3, 1), (2, 2, 1), (3, 2, 1), (2, 3, 1), (1, 2, 3), (2, 1, 3), (2, 2, 3)]


@st.composite
def architectures(draw: st.DrawFn) -> dict[str, Any]:
    """Sizes of a network and its images, small enough to run operation by operation."""
    shape = draw(st.sampled_from(SHAPES))
    channels = shape[2]
    return {
        "shape": shape,
        "layers": draw(st.integers(1, 3)),
        "width": draw(st.integers(channels, channels + 3)),
        "first_kernel": draw(st.sampled_from([3, 5, 7])),
        "kernel": draw(st.sampled_from([3, 5])),
        "head": draw(st.integers(channels, channels + 3)),
        "levels": draw(st.sampled_from([2, 3, 17, 40, 256])),
        "conditions": draw(st.sampled_from([{}, {"class": (2,)}, {"class": (3,), "code": (2,)}])),
        "spatial": draw(st.sampled_from([None, {"maps": 2, "factor": 1}])),
    }


@st.composite
def decodings(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "temperature": draw(st.sampled_from([1.0, 1.0, 0.0, 0.4, 2.5])),
        "top_k": draw(st.sampled_from([None, None, 1, 2])),
        "top_p": draw(st.sampled_from([None, None, 0.3, 0.95])),
    }


def view_of(shape: tuple[int, int, int], weights: int, **sizes: Any) -> GatedPixelCNNView:
    network = GatedPixelCNN(channels=shape[2], dtype="float64", **sizes)
    network.build((None, *shape))
    for i, variable in enumerate(network.variables):
        size = tuple(variable.shape)
        scale = 1.5 / np.sqrt(np.prod(size[:-1])) if len(size) > 1 else 0.4
        variable.assign(normal(weights, "tests/weights", i, size).astype(np.float64) * scale)
    reach = sizes["first_kernel"] // 2 + (sizes["layers"] - 1) * (sizes["kernel"] // 2)
    parts: list[Part] = []
    for name, size in sizes["conditions"].items():
        kind = ClassPart(size[0]) if name == "class" else VectorPart(name, size, no_file)
        parts.append(kind)
    return GatedPixelCNNView(network, shape, reach, Steering(parts))


def no_file(key: str, reference: str) -> np.ndarray:
    raise AssertionError("nothing is to be read")


def forced_values(view: GatedPixelCNNView, seed: int, share: float) -> Forced | None:
    if not share:
        return None
    noise = uniform(seed, "tests/forced", 0, (2, TILE, *view.shape))
    return Forced((noise[0] * view.levels).astype(np.uint8), (noise[1] < share).astype(np.uint8))


@given(
    sizes=architectures(),
    decoding=decodings(),
    seed=st.integers(0, 2**32),
    share=st.sampled_from([0.0, 0.0, 0.3, 0.8]),
)
@settings(max_examples=10)
def test_samplers_draw_strictly_the_same(
    sizes: dict[str, Any], decoding: dict[str, Any], seed: int, share: float
) -> None:
    with backend.eager():
        view = view_of(weights=seed, **sizes)
        forced = forced_values(view, seed, share)
        chosen = SampleSettings(TILE, **decoding)
        arrays = {VECTOR: view.examples(TILE)}
        samplers = [
            NaiveGenerator(view, chosen),
            IncrementalGenerator(view, chosen),
            RowFixedPoint(view, chosen, view.parallel_rows()),
            ImageFixedPoint(view, chosen),
        ]
        found = [
            list(tile_chunks(s, seed, range(3, 3 + TILE), [], forced, arrays)) for s in samplers
        ]
    values, log_prob = (
        [
            np.concatenate([getattr(c, name).reshape(TILE, -1) for c in chunks], 1)
            for chunks in found
        ]
        for name in ("values", "log_prob")
    )
    for other in range(1, len(samplers)):
        np.testing.assert_array_equal(values[other], values[0])
        assert log_prob[other].dtype == np.float64
        # Anything that were rounded to float32 on the way would show.
        np.testing.assert_allclose(log_prob[other], log_prob[0], rtol=1e-12, atol=1e-12)
