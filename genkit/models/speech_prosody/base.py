"""What learners of durations and of pitch share: recordings with phones, batches of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit.data.audio.attributes import vector_of
from genkit.data.audio.dataset import SPLITS
from genkit.data.dataset import StatelessFeed
from genkit.data.epochs import Epochs
from genkit.errors import UsageError
from genkit.family import Arrays, Feed, Metrics
from genkit.learning import DataLearner, GradientStep
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise
from genkit.speech.reading import Spoken, padded, rounded_up
from genkit.speech.sizes import phone_width

Compiled = Callable[[Arrays], Any]


class RecordingFeed(StatelessFeed):
    """Batches of numbers of recordings, in epochs; each a permutation keyed by (seed, epoch)."""

    described = "a feed of recordings"

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self.batch_size, self._epochs = batch_size, Epochs(count, seed)

    def batch(self, k: int) -> Arrays:
        """`recording`, int64 (B,)."""
        positions = np.arange(k * self.batch_size, (k + 1) * self.batch_size)
        return {"recording": self._epochs.at(positions)}


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
        return RecordingFeed(len(self.split(split)), self.recipe.train.batch_size, seed)

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

    def rows(
        self, compiled: Compiled, spoken: Spoken, what: str, progress: Progress
    ) -> Iterator[np.ndarray]:
        """What a compiled function makes of each recording, padding behind it included."""
        progress.start(what, len(spoken), "recordings")
        for chosen in self.chunks(len(spoken)):
            yield from np.asarray(ops.convert_to_numpy(compiled(self.arrays(spoken, chosen))))
            progress.advance(len(chosen))
        progress.finish()

    def alone(
        self, compiled: Compiled, features: np.ndarray, step: int, vector: np.ndarray | None
    ) -> np.ndarray:
        """What a compiled function makes of features `(n, D)` and who speaks, `(n, ...)`; they are
        padded to a multiple of `step`."""
        batch = {"features": padded([features], rounded_up(len(features), step))}
        if vector is not None:
            batch["vector"] = vector[None]
        return np.asarray(ops.convert_to_numpy(compiled(batch)))[0, : len(features)]

    def scored(self, data: str, limit: int | None) -> Spoken:
        """The split that is to be scored, or its first recordings."""
        if data not in SPLITS:
            raise UsageError(
                "--data takes train, validation, test of the data set, whose phones are known. "
                f"Received: {data}"
            )
        return self.spoken(data, limit=limit)


def feature_width(recipe: Any) -> int:
    """Features of a phone."""
    return phone_width(len(recipe.data.phone_set().names))
