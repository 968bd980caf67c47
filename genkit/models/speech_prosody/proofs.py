"""What `genkit check` proves of a pitch model: steps give what the parallel network gives, and no
frame knows those behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit.family import Check
from genkit.models.speech_prosody.pitches import shown
from genkit.randomness import normal
from genkit.speech.sizes import FRAME

if TYPE_CHECKING:
    from genkit.models.speech_prosody.pitches import PitchLearner

BATCH = 2


def pitch_checks(learner: PitchLearner) -> Iterator[Check]:
    """Parity of steps and the parallel network, and causality."""
    yield Check("contours by steps against one pass", 1e-4, lambda: parity(learner))
    yield Check("influence of later frames", 0.0, lambda: leak(learner))


def _count(learner: PitchLearner) -> int:
    """Frames: twice as many as are seen, so that all ring buffers go round."""
    return 2 * learner.config.field()


def _arrays(learner: PitchLearner) -> dict[str, Any]:
    width = learner.network.features + FRAME
    arrays = {"features": normal(0, "pitch/features", 0, (BATCH, _count(learner), width))}
    if learner.network.vector:
        arrays["vector"] = normal(0, "pitch/vector", 0, (BATCH, learner.network.vector))
    return arrays


def parity(learner: PitchLearner) -> float:
    """Largest difference of drawn log-F0 from what the network tells after the drawn contour."""
    arrays = _arrays(learner)
    drawn = ops.convert_to_numpy(learner.drawn(arrays))
    known = np.tile(shown(_count(learner), learner.config.forget), (BATCH, 1))
    told = ops.convert_to_numpy(learner.told({**arrays, "contour": drawn, "known": known}))
    flags = np.abs((told[..., 1] > 0) - drawn[..., 1])
    near = np.abs(told[..., 1]) < 1e-4  # a tie of voicing may fall on either side
    return float(max(np.abs(told[..., 0] - drawn[..., 0]).max(), flags[~near].max(initial=0.0)))


def leak(learner: PitchLearner) -> float:
    """Largest change of what is told up to a frame when the contour changes from there on."""
    arrays = _arrays(learner)
    contour = normal(0, "pitch/contour", 0, (BATCH, _count(learner), 2))
    other = contour.copy()
    half = _count(learner) // 2
    other[:, half:] += 1.0
    known = np.ones((BATCH, _count(learner)), np.float32)
    first, second = (
        ops.convert_to_numpy(learner.told({**arrays, "contour": one, "known": known}))
        for one in (contour, other)
    )
    stop = half + 1  # the frame itself is told before it is known
    return float(np.abs(first[:, :stop] - second[:, :stop]).max())
