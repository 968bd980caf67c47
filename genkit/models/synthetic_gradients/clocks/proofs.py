"""What `genkit check` proves of two networks at different clocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from genkit.conformance.weights import randomise
from genkit.family import Check
from genkit.randomness import Noise
from genkit.state import put_back, snapshot

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.clocks.learner import ClocksLearner

DRAW, OTHER = 3, 4  # of random weights


def checks(learner: ClocksLearner) -> Iterator[Check]:
    """Unlocked, the first network does not depend on the second."""
    if learner.method != "bprop":
        yield Check("the first network beside another second", 0.0, lambda: unlocked(learner))


def unlocked(learner: ClocksLearner) -> float:
    """How differently a period changes the first network, if the second has other weights."""
    kept = snapshot(learner)
    batch = learner.feed("train", 0).batch(0)
    found = []
    try:
        for draw in (DRAW, OTHER):
            put_back(learner, kept)
            for name in ("often", "bridge", "answer"):
                randomise(learner.networks[name].trainable_variables, DRAW)
            randomise(learner.seldom.trainable_variables, draw)
            learner.update(batch, Noise(0, 0))
            weights = learner.often.trainable_variables
            found.append([np.array(ops.convert_to_numpy(w)) for w in weights])
    finally:
        put_back(learner, kept)
    return max(float(np.abs(a - b).max()) for a, b in zip(*found, strict=True))
