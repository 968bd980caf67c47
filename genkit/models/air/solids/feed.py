"""Pictures with the truth about them, for the network that learns from labels."""

from __future__ import annotations

import numpy as np

from genkit.data.dataset import StatelessFeed
from genkit.data.scenes.dataset import SceneSplit
from genkit.family import Arrays


class SolidsFeed(StatelessFeed):
    """Scenes made anew, batch k those at positions k B to k B + B - 1 of a seed.

    Args:
        split: whose scenes. batch_size: B. seed: of the scenes.
    """

    described = "a feed of labelled scenes"

    def __init__(self, split: SceneSplit, batch_size: int, seed: int) -> None:
        self.split, self.batch_size, self.seed = split, batch_size, seed

    def batch(self, k: int) -> Arrays:
        """`image`, `label` and `pose` of a batch."""
        positions = np.arange(k * self.batch_size, (k + 1) * self.batch_size)
        return self.split.make(positions, self.seed)
