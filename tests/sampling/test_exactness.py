"""The rule of exactness: all compiled samplers draw the same, certified near-ties apart.

Weights, seeds, classes and given values are random; each case is compiled once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkit import backend
from genkit.conformance.comparing import most_near_ties, verdicts
from genkit.conformance.weights import random_weights
from genkit.family import Forced, SampleSettings
from genkit.randomness import uniform
from genkit.sampling.driver import sample_tile
from genkit.sampling.raster import make_generator
from tests import densities
from tests.densities import array

pytestmark = pytest.mark.backends
TILE = 4
EXAMPLES = 20
SAMPLERS = ("incremental", "fixed-point")
# Recipe sections and settings. On JAX, which compiles slowly, the first two.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "grey": ({"model": {"condition": "class"}}, {}),
    "colour-shaped": (
        {"model": {"width": 5, "head": 7}, "data": {"size": 3, "channels": 3}},
        {"temperature": 0.7, "top_k": 2, "top_p": 0.9},
    ),
    "deep": ({"data": {"size": 3, "levels": 256}}, {}),
    "deep-shaped": ({"data": {"size": 3, "levels": 256}}, {"temperature": 1.4, "top_p": 0.95}),
}
CHOSEN = [name for i, name in enumerate(CASES) if i < 2 or backend.name() == "tensorflow"]


def given_values(view: Any, seed: int, share: float) -> Forced | None:
    if not share:
        return None
    noise = uniform(seed, "tests/forced", 0, (2, TILE, *view.shape))
    return Forced((noise[0] * view.levels).astype(np.uint8), (noise[1] < share).astype(np.uint8))


def compared(
    view: Any, samplers: dict[str, Any], logits: Callable[..., Any], seed: int, **example: Any
) -> Counter[str]:
    """Verdicts of one tile of each sampler beside the naive one."""
    index, rows = example["index"], [{}] * TILE
    if view.steering.classes is not None:
        rows = [{"class": str((seed + 3 * i) % view.steering.classes)} for i in range(TILE)]
    forced = given_values(view, seed, example["share"])
    found, scores = {}, {}
    for name, sampler in samplers.items():
        (images,) = sample_tile(sampler, seed, range(index, index + TILE), rows, forced)
        found[name] = images.samples.astype(np.int32)
        vector = sampler.vector(sampler.conditions(rows, index))
        scores[name] = array(logits(found[name], vector))
    noise = np.stack([uniform(seed, "sample", index + i, view.shape) for i in range(TILE)])
    total: Counter[str] = Counter()
    for name in SAMPLERS:
        pair = (found[name], found["naive"], noise, scores[name], scores["naive"])
        total += verdicts(*pair, decoding=samplers["naive"].decoding)
    return total


@pytest.mark.parametrize("case", CHOSEN)
def test_samplers_agree(case: str, record_property: Callable[[str, object], None]) -> None:
    sections, sampling = CASES[case]
    view = densities.learner(**sections).view
    samplers = {
        name: make_generator(view, SampleSettings(TILE, sampler=name, **sampling))
        for name in ("naive", *SAMPLERS)
    }
    logits = backend.compile(view.logits, view.variables)
    counts: Counter[str] = Counter()

    @given(
        weights=st.integers(0, 2**31),
        seed=st.integers(0, 2**63 - 1),
        index=st.integers(0, 10**6),
        share=st.sampled_from([0.0, 0.0, 0.2, 0.7]),
    )
    @settings(max_examples=EXAMPLES)
    def compare(weights: int, seed: int, **example: Any) -> None:
        with random_weights(view.variables, weights):
            found = compared(view, samplers, logits, seed, **example)
        assert found["different"] == 0
        counts.update(found)

    compare()
    draws = counts.total() * int(np.prod(view.shape))
    assert counts.total() == EXAMPLES * TILE * len(SAMPLERS)
    assert counts["near_tie"] <= most_near_ties(draws)
    record_property("draws", draws)
    record_property("near_ties", counts["near_tie"])
