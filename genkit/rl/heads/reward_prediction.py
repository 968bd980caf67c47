"""Whether a reward comes: reward prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit.rl.heads.base import Head, Learned
from genkit.rl.heads.config import CLASSES, FRAMES
from genkit.rl.heads.perceptron import Perceptron
from genkit.sampling.decoding import log_probability


class RewardPrediction(Head):
    """The sign of the reward that follows three frames, from their convolutions alone, without
    memory (Jaderberg et al., 2017, arXiv:1611.05397, section 3.2). Half of what is learned from
    has a reward: see `Replay.windows`.

    Args:
        settings: `reward_prediction`. network: that encodes the frames.
    """

    name = "reward-prediction"
    windows = True

    def __init__(self, settings: Any, network: Any) -> None:
        self.settings, self.network = settings, network
        self.layer = Perceptron(settings.hidden, len(CLASSES), name=self.key)
        self.layer.build((None, FRAMES * network.encoded_width))

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        windows = learned.windows
        if windows is None:
            raise ValueError("reward prediction needs frames before rewards")
        frames, count = (int(n) for n in _first(windows["observation"]).shape[:2])
        encoded = self.network.encoded(
            {
                name: ops.reshape(x, (frames * count, *x.shape[2:]))
                for name, x in windows["observation"].items()
            }
        )
        encoded = ops.reshape(encoded, (frames, count, -1))
        logits = self.layer(ops.concatenate([encoded[i] for i in range(frames)], axis=-1))
        error = -ops.mean(log_probability(logits, windows["class"]))
        right = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), windows["class"])
        figures = {
            "reward_prediction_nats": error,
            "reward_prediction_percent": 100 * ops.mean(ops.cast(right, "float32")),
        }
        return self.settings.weight * error, figures

    def shown(self, learned: Learned) -> dict[str, Any]:
        encoded = learned.unrolled.encoded[:-1]
        steps = int(encoded.shape[0])
        if steps < FRAMES:
            return {}
        beside = [encoded[i : steps - FRAMES + 1 + i] for i in range(FRAMES)]
        windows = ops.concatenate(beside, axis=-1)
        flat = ops.reshape(windows, (-1, windows.shape[-1]))
        chances = ops.softmax(self.layer(flat), axis=-1)
        chances = ops.reshape(chances, (*windows.shape[:2], len(CLASSES)))
        first = learned.experience["first"][:-1]
        begun = first[1 : steps - 1] | first[2:steps]
        chances = ops.where(begun[..., None], np.float32("nan"), chances)
        # Of the first steps of a stretch the frames before are not at hand.
        unknown = ops.full((FRAMES - 1, *chances.shape[1:]), np.float32("nan"))
        return {"reward-prediction": ops.concatenate([unknown, chances])}


def _first(observation: Any) -> Any:
    return next(iter(observation.values()))
