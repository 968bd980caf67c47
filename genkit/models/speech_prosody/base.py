"""What learners of durations and of pitch share: recordings with phones, batches of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from genkit.data.audio.attributes import vector_of
from genkit.data.dataset import StatelessFeed
from genkit.errors import UsageError
from genkit.family import Arrays, Feed, Metrics
from genkit.learning import DataLearner, GradientStep
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise, permutation
from genkit.speech.reading import Spoken
from genkit.speech.sizes import phone_width


class NumberFeed(StatelessFeed):
    """Batches of numbers of recordings, in epochs; each a permutation keyed by (seed, epoch)."""

    described = "a feed of recordings"

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self.count, self.batch_size, self.seed = count, batch_size, seed

    def batch(self, k: int) -> Arrays:
        """`recording` int64 (B,) and `position` int64 (B,), which of the endless chain."""
        position = np.arange(k * self.batch_size, (k + 1) * self.batch_size)
        epochs, places = np.divmod(position, self.count)
        orders = {
            int(epoch): permutation(self.seed, "epoch", int(epoch), self.count)
            for epoch in np.unique(epochs)
        }
        pairs = zip(epochs, places, strict=True)
        return {"recording": np.array([orders[int(e)][p] for e, p in pairs]), "position": position}


class ProsodyLearner(DataLearner):
    """A learner of recordings with phones.

    A subclass makes `network` and has `arrays`, what a batch is trained on, and `loss`.
    """

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None, network: Any) -> None:
        super().__init__(recipe, inputs)
        self.config = recipe.model
        self.names = self.config.names(recipe.data)
        self.phones = recipe.data.phone_set()
        self.network = network
        self.networks = {"network": network}
        self.steps = {"training": GradientStep(network, self.loss, recipe.train)}
        self._spoken: dict[tuple[str, int | None], Spoken] = {}

    def spoken(self, name: str, progress: Progress = SILENT, limit: int | None = None) -> Spoken:
        """The recordings of a split, or the first of them."""
        key = (name, limit)
        if key not in self._spoken:
            found = self.split(name).first(limit)
            self._spoken[key] = Spoken(found, self.phones, self.config.hop, progress)
        return self._spoken[key]

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        raise NotImplementedError

    def arrays(self, spoken: Spoken, chosen: Sequence[int]) -> Arrays:
        """What is known of recordings, padded to a common length."""
        raise NotImplementedError

    def vector(self, spoken: Spoken, chosen: Sequence[int]) -> Arrays:
        """The global condition, if there is any."""
        every = spoken.split.attributes
        own = {name: every[name][np.asarray(chosen)] for name in self.names}
        found = vector_of(own, self.names)
        return {} if found is None else {"vector": found}

    def feed(self, split: str, seed: int) -> Feed:
        return NumberFeed(len(self.split(split)), self.recipe.train.batch_size, seed)

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        arrays = self.arrays(self.spoken("train"), [int(i) for i in batch["recording"]])
        return self.steps["training"](self.noisy(arrays, noise))

    def noisy(self, arrays: Arrays, noise: Noise) -> Arrays:
        """The arrays of an update; by default there is no noise."""
        del noise
        return arrays

    def chunks(self, count: int) -> Iterator[list[int]]:
        """Numbers 0 .. count - 1, as many at a time as `eval.batch_size` says."""
        size = self.recipe.eval.batch_size
        for start in range(0, count, size):
            yield list(range(start, min(count, start + size)))

    def scored(self, data: str, limit: int | None) -> Spoken:
        """The split that is to be scored, or its first recordings."""
        if data not in ("train", "validation", "test"):
            raise UsageError(
                "--data takes train, validation, test of the data set, whose phones are known. "
                f"Received: {data}"
            )
        return self.spoken(data, limit=limit)


def feature_width(recipe: Any) -> int:
    """Features of a phone."""
    return phone_width(len(recipe.data.phone_set().names))
