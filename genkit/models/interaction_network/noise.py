"""Noise on the states that training shows, so that roll-outs find back from their own errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit.family import Arrays
from genkit.models.interaction_network.config import NoiseConfig
from genkit.models.interaction_network.marshalling import PLACE, SPEED
from genkit.randomness import Noise

NORMAL = 1.645  # half the distance from the 5th to the 95th percentile, in deviations


def strength(config: NoiseConfig, step: int) -> float:
    """Part of the noise that there is in update `step`."""
    return float(np.clip(1.0 - (step - config.until) / config.fade, 0.0, 1.0))


def noisy(batch: Arrays, config: NoiseConfig, network: Any, noise: Noise) -> Arrays:
    """A batch whose positions and velocities have noise, a share of the objects each; never those
    of what is fixed."""
    size = config.deviation * strength(config, noise.step)
    if not config.share or not size:
        return batch
    found = dict(batch)
    for name in (PLACE, SPEED):
        scale = np.asarray(ops.convert_to_numpy(network.scales[name])) / NORMAL
        for key in (name, f"sender_{name}"):
            if key not in batch:
                continue
            shape = batch[key].shape
            chosen = noise.uniform(f"chosen/{key}", shape[:-1])[..., None] < config.share
            moved = noise.normal(f"noise/{key}", shape) * (size * scale)
            if key.startswith("sender_"):
                chosen = chosen * batch["sender_moves"][..., None]
            elif "moves" in batch:
                chosen = chosen * batch["moves"][..., None]
            found[key] = (batch[key] + chosen * moved).astype(np.float32)
    return found
