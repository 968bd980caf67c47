"""What `genkit check` proves of a video density: in space and colour, and in time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.conformance.autoregressive import raster_checks
from genkit.conformance.comparing import relative
from genkit.conformance.dependence import dependence_checks, measure
from genkit.conformance.suite import FLOAT_LIMIT
from genkit.conformance.weights import random_weights
from genkit.family import Check, Forced, SampleSettings
from genkit.layers.values import centred
from genkit.randomness import raw_bits, uniform
from genkit.sampling.raster.steering import VECTOR

if TYPE_CHECKING:
    from genkit.models.vpn.learner import VPNLearner

TILE = 2
DRAWS = 4


def video_checks(learner: VPNLearner) -> Iterable[Check]:
    """Every proof of one model. Weights are put back afterwards."""
    view, time = learner.view, TimeProofs(learner)
    if learner.config.dependent:
        space = raster_checks(view)
    else:
        space = dependence_checks(cache(lambda: measure(view)))
    return [
        *space,
        Check("future_frames_seen", 0.0, lambda: time.slopes().future),
        Check("past_frames_unseen", 0.0, lambda: time.slopes().unseen),
        Check("frame_by_frame_logits", FLOAT_LIMIT, time.frame_by_frame),
    ]


@dataclass(frozen=True)
class Slopes:
    """How predicted frames depend on others, over several random weights.

    Args:
        future: largest derivative by a frame that must not be seen.
        unseen: number of earlier frames that a predicted one does not depend on.
    """

    future: float
    unseen: float


class TimeProofs:
    """Compiled functions of one model."""

    def __init__(self, learner: VPNLearner) -> None:
        self.learner, self.network = learner, learner.network
        self.context, self.frames = learner.config.context, learner.frames
        self._slope = backend.compile(self._gradient, self.network.variables)
        self._logits = backend.compile(self._whole, self.network.variables)
        self._found: Slopes | None = None

    def _vectors(self, count: int) -> np.ndarray:
        width = max(1, self.network.conditions)
        numbers = uniform(2, "vpn/vectors", 0, (count, self.frames, width))
        found = np.asarray(2.0 * numbers - 1.0, np.float32)
        return found * self.learner.known() if self.network.conditions else found

    def _whole(self, x: Any, vectors: Any) -> Any:
        return self.network(x, vectors if self.network.conditions else None)

    def _gradient(self, x: Any, vectors: Any, frame: Any) -> Any:
        """Derivative of the summed, mixed logits of the predicted frame at a one-hot `frame`."""
        mix = np.linspace(-1.0, 1.0, self.network.levels, dtype=np.float32)

        def mixed(x: Any) -> Any:
            logits = self._whole(x, vectors) * frame[None, :, None, None, None, None]
            return ops.sum(ops.sin(3.0 * logits) * mix)

        return backend.input_gradient(mixed, x)

    def slopes(self) -> Slopes:
        """Which frames predicted frames depend on. The decoder may see its own frame: how, is
        proved by the checks of space and colour."""
        if self._found is None:
            self._found = self._measure()
        return self._found

    def _measure(self) -> Slopes:
        count = self.frames - self.context
        largest = np.zeros((count, self.frames))
        x = 2.0 * uniform(1, "vpn/x", 0, (1, self.frames, *self.learner.shape)) - 1.0
        for draw in range(DRAWS):
            with random_weights(self.network.variables, draw):
                for t in range(count):
                    frame = np.eye(count, dtype=np.float32)[t]
                    found = self._slope(x.astype(np.float32), self._vectors(1), frame)
                    strength = np.abs(ops.convert_to_numpy(found))[0].max(axis=(1, 2, 3))
                    largest[t] = np.maximum(largest[t], strength)
        before = np.tri(count, self.frames, self.context - 1, dtype=bool)
        own = np.eye(count, self.frames, self.context, dtype=bool)
        after = ~before & ~own if self.learner.config.dependent else ~before
        return Slopes(float(np.max(largest * after)), float(np.sum((largest == 0) & before)))

    def frame_by_frame(self) -> float:
        """Largest difference of the logits of given videos, drawn frame by frame, from those of the
        whole network, relative to their largest size."""
        with random_weights(self.network.variables, 11):
            return self._frame_by_frame()

    def _frame_by_frame(self) -> float:
        levels, shape = self.learner.view.levels, (TILE, self.frames, *self.learner.shape)
        bits = raw_bits(3, "vpn/videos", 0, int(np.prod(shape)))
        video = (bits % np.uint64(levels)).astype(np.int32).reshape(shape)
        vectors = self._vectors(TILE)
        x = ops.convert_to_numpy(centred(video, levels, "float32"))
        whole = np.asarray(ops.convert_to_numpy(self._logits(x, vectors)))
        return relative(self._drawn(video, vectors), whole)

    def _drawn(self, video: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Logits of a generator that is given every frame."""
        generator = self.learner.video_generator(SampleSettings(TILE), with_logits=True)
        state = generator.begin({VECTOR: self._asked(generator.shown(video), vectors)})
        given = video[:, self.context :]
        forced, found = Forced(given, np.ones_like(given)), list[np.ndarray]()
        done = False
        while not done:
            noise = generator.noise(0, range(TILE), len(found))
            chunk = generator.advance(state, noise, forced, {})
            state, done = chunk.state, chunk.done
            found.append(np.asarray(ops.convert_to_numpy(chunk.extras["logits"])))
        step = generator.per_frame
        frames = [np.concatenate(found[i : i + step], axis=1) for i in range(0, len(found), step)]
        return np.stack(frames, axis=1)

    def _asked(self, video: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Context and conditions as a generator takes them."""
        widths, batch, start = self.learner.recipe.data.condition_shapes(), {"video": video}, 0
        for name in self.learner.config.condition:
            batch[f"condition/{name}"] = vectors[..., start : start + widths[name]]
            start += widths[name]
        return self.learner.flat(batch)
