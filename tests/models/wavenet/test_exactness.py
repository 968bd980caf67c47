"""Random architectures in float64, operation by operation: all samplers draw the very same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkit import backend
from genkit.family import Forced, SampleSettings
from genkit.randomness import uniform
from genkit.sampling.driver import tile_chunks
from genkit.sampling.sequence import IncrementalGenerator, NaiveGenerator
from tests.sequences import conditions, wavenet

# On JAX each single operation is compiled, which takes minutes, and float64 is off.
pytestmark = pytest.mark.skipif(backend.name() != "tensorflow", reason="slow, no float64")
TILE, LENGTH = 2, 9


@st.composite
def architectures(draw: st.DrawFn) -> dict[str, Any]:
    """Sizes of a network, small enough to run operation by operation."""
    local, pool = draw(st.sampled_from([1, 0, 2])), draw(st.integers(1, 3))
    upsampling = draw(st.none() | upsamplings()) if local else None
    prediction = None
    if upsampling and (order := draw(st.integers(0, 3))):
        hop, halo = int(np.prod(upsampling["strides"])), upsampling["halo"]
        prediction = {"order": order, "column": local, "hop": hop, "halo": halo}
        local += order + 1
    return {
        "kernel": draw(st.sampled_from([2, 3])),
        "dilations": draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)),
        "input_kernel": draw(st.integers(1, 3)),
        "levels": draw(st.sampled_from([2, 5, 40, 256])),
        "residual": draw(st.integers(1, 4)),
        "gated": draw(st.integers(1, 4)),
        "skip": draw(st.integers(1, 4)),
        "head": draw(st.integers(1, 4)),
        "vector": draw(st.sampled_from([0, 0, 2])),
        "local": local,
        "upsampling": upsampling,
        "prediction": prediction,
        "contexts": [{"pool": pool, **draw(contexts())} for _ in range(draw(st.integers(0, 2)))],
    }


def contexts() -> st.SearchStrategy[dict[str, Any]]:
    """Sizes of a context stack but for its pool, which all share."""
    return st.fixed_dictionaries(
        {
            "residual": st.integers(1, 3),
            "skip": st.integers(1, 3),
            "outputs": st.integers(1, 2),
            "dilations": st.lists(st.integers(1, 3), min_size=1, max_size=2),
            "kernel": st.sampled_from([2, 3]),
        }
    )


def upsamplings() -> st.SearchStrategy[dict[str, Any]]:
    """One to four samples a frame."""
    return st.fixed_dictionaries(
        {
            "channels": st.integers(1, 2),
            "strides": st.sampled_from([[1], [2], [3], [2, 2], [1, 3]]),
            "halo": st.integers(0, 1),
            "learned": st.booleans(),
        }
    )


def forced_values(levels: int, seed: int, share: float) -> Forced | None:
    """Some values, and a beginning where the share is large."""
    if not share:
        return None
    noise = uniform(seed, "tests/forced", 0, (2, TILE, LENGTH))
    mask = (noise[1] < share).astype(np.uint8)
    mask[:, : int(5 * share)] = 1
    return Forced((noise[0] * levels).astype(np.int32), mask)


@given(
    sizes=architectures(),
    stretch=st.integers(1, LENGTH),
    temperature=st.sampled_from([1.0, 1.0, 0.0, 0.5]),
    seed=st.integers(0, 2**31),
    share=st.sampled_from([0.0, 0.3, 0.9]),
)
@settings(max_examples=8)
def test_samplers_draw_strictly_the_same(
    sizes: dict[str, Any], stretch: int, temperature: float, seed: int, share: float
) -> None:
    with backend.eager():
        view = wavenet(seed, dtype="float64", **sizes)
        own = conditions(view, TILE, LENGTH, seed)
        view.conditions = lambda rows, first: own  # type: ignore[method-assign]
        forced = forced_values(view.levels, seed, share)
        chosen = SampleSettings(TILE, temperature=temperature)
        samplers = [
            NaiveGenerator(view, chosen, LENGTH, LENGTH),
            IncrementalGenerator(view, chosen, LENGTH, stretch),
            IncrementalGenerator(view, chosen, LENGTH, LENGTH, quick_priming=False),
        ]
        found = [
            list(tile_chunks(s, seed, range(3, 3 + TILE), [{}] * TILE, forced)) for s in samplers
        ]
    values, log_prob = (
        [np.concatenate([getattr(chunk, name) for chunk in chunks], axis=1) for chunks in found]
        for name in ("values", "log_prob")
    )
    for other in range(1, len(samplers)):
        np.testing.assert_array_equal(values[other], values[0])
        assert log_prob[other].dtype == np.float64
        # Anything that were rounded to float32 on the way would show.
        np.testing.assert_allclose(log_prob[other], log_prob[0], rtol=1e-12, atol=1e-12)
