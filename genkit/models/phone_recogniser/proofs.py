"""What `genkit check` proves of a recogniser: windows say what the whole recording says, and a
frame depends on nothing outside what it is said to depend on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from genkit.data.audio.dataset import AudioSplit
from genkit.data.audio.mulaw import encode
from genkit.family import Check
from genkit.randomness import normal

if TYPE_CHECKING:
    from genkit.models.phone_recogniser.learner import PhoneRecogniserLearner


def checks(learner: PhoneRecogniserLearner) -> Iterator[Check]:
    """Parity of windows and whole recordings, and the reach of a frame."""
    yield Check("phones of windows against the whole recording", 1e-3, lambda: parity(learner))
    yield Check("influence from outside a frame's reach", 0.0, lambda: leak(learner))


def _recordings(learner: PhoneRecogniserLearner) -> AudioSplit:
    """Noise: a recording of three windows and a piece of a frame, and a short one."""
    config, data = learner.config, learner.recipe.data
    lengths = [config.context + 2 * data.crop + config.pool // 2 + 1, config.pool + 1]
    sound = 8000 * normal(0, "recogniser/sound", 0, (sum(lengths),))
    edges = np.cumsum([0, *lengths]).astype(np.int64)
    pcm = np.clip(sound, -32768, 32767).astype(np.int16)
    return AudioSplit(pcm, edges, {}, data.sample_rate, ["long", "short"])


def whole(learner: PhoneRecogniserLearner, sound: np.ndarray) -> np.ndarray:
    """Log-probabilities `(F, K)` of a recording `(T,)` by one pass over it."""
    config = learner.config
    codes = np.full((1, -(-len(sound) // config.pool) * config.pool), config.levels, np.int32)
    codes[0, : len(sound)] = encode(sound, config.levels)
    logits = learner.network.phones(learner.network.skips(codes), codes)
    return np.asarray(ops.convert_to_numpy(ops.log_softmax(logits, axis=-1)))[0]


def parity(learner: PhoneRecogniserLearner) -> float:
    """Largest difference of log-probabilities."""
    split = _recordings(learner)
    return max(
        float(np.abs(heard.log_probabilities - whole(learner, split.recording(i))).max())
        for i, heard in enumerate(learner.heard(split))
    )


def leak(learner: PhoneRecogniserLearner) -> float:
    """Largest change in a frame when all sound outside its reach is another."""
    config = learner.config
    around, reach = config.halo * config.pool, config.codes_seen()
    frame = -(-reach // config.pool) + config.halo + 2
    count = (frame + config.halo + 3) * config.pool
    sound = (8000 * normal(1, "recogniser/sound", 0, (count,))).clip(-32768, 32767)
    first = sound.astype(np.int16)
    other = first.copy()
    # The last sample of a frame is told by the ones before it, hence "- 1".
    low = frame * config.pool - around - reach
    high = (frame + 1) * config.pool + around - 1
    other[:low] = -other[:low]
    other[high:] = other[high:][::-1] // 2
    return float(np.abs(whole(learner, first)[frame] - whole(learner, other)[frame]).max())
