"""Batches of several photographs of each of several people."""

from __future__ import annotations

import numpy as np

from genkit.data.dataset import StatelessFeed
from genkit.data.images.dataset import ImageSplit
from genkit.errors import DataError
from genkit.family import Arrays
from genkit.metrics.nearest import several_and_single
from genkit.randomness import permutation, uniform


class PeopleFeed(StatelessFeed):
    """Batch k holds `photographs` of each of `people`: a function of (data, seed, k).

    People come in epochs, each a permutation keyed by (seed, epoch), of as many whole batches
    as there are: who is left over in one epoch comes in others. Photographs of a person are drawn
    without replacement; a person who has fewer shows some more than once.

    Args:
        split: with labels; people with one photograph are left out.
        people, photographs: of a batch.
        shift: images are moved by up to so many pixels; what lies beyond the edge repeats it.
        seed: of all that is drawn.

    Raises:
        DataError: if too few people have two photographs.
    """

    described = "a feed of people"

    def __init__(
        self, split: ImageSplit, people: int, photographs: int, shift: int, seed: int
    ) -> None:
        labels = np.zeros(0, np.int64) if split.labels is None else split.labels
        self.people, left_out = several_and_single(labels)
        _check_people(len(self.people), len(left_out), people)
        self.of_person = {int(p): np.flatnonzero(labels == p) for p in self.people}
        self.split, self.seed = split, seed
        self.a_batch, self.photographs, self.shift = people, photographs, shift

    def batch(self, k: int) -> Arrays:
        """`image` uint8 (B, H, W, C) and `label` int64 (B,), person by person."""
        chosen = [self._photographs(k, i, p) for i, p in enumerate(self._people(k))]
        indices = np.concatenate(chosen)
        positions = np.arange(k * len(indices), (k + 1) * len(indices))
        images = self.split.shown(indices, positions, self.seed)
        if self.shift:
            images = moved(images, self._offsets(k, len(images)))
        labels = np.empty(0, np.int64) if self.split.labels is None else self.split.labels
        return {"image": images, "label": labels[indices]}

    def _people(self, k: int) -> np.ndarray:
        batches = len(self.people) // self.a_batch
        epoch, place = divmod(k, batches)
        order = permutation(self.seed, "people", epoch, len(self.people))
        return self.people[order[place * self.a_batch : (place + 1) * self.a_batch]]

    def _photographs(self, k: int, place: int, person: int) -> np.ndarray:
        own = self.of_person[int(person)]
        index = k * self.a_batch + place
        order = permutation(self.seed, "photographs", index, len(own))
        return own[np.resize(order, self.photographs)]

    def _offsets(self, k: int, count: int) -> np.ndarray:
        drawn = uniform(self.seed, "shift", k, (count, 2)) * np.float32(2 * self.shift + 1)
        return np.floor(drawn).astype(np.int64) - self.shift


def _check_people(found: int, left_out: int, wanted: int) -> None:
    if found < 2:
        raise DataError(
            f"a triplet loss needs at least two people with two photographs each in training. "
            f"Received: {found} such people, and {left_out} with a single photograph"
        )
    if found < wanted:
        raise DataError(
            f"model.people asks for {wanted} people a batch; {found} have two photographs or more "
            f"in training, {left_out} a single one. Lower model.people, and train.batch_size with "
            "it, or add photographs"
        )


def moved(images: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Images `(B, H, W, C)` moved down and right by `offsets` `(B, 2)` pixels; the edge is
    repeated."""
    height, width = images.shape[1:3]
    rows = np.clip(np.arange(height) - offsets[:, :1], 0, height - 1)
    columns = np.clip(np.arange(width) - offsets[:, 1:], 0, width - 1)
    each = np.arange(len(images))[:, None, None]
    return images[each, rows[:, :, None], columns[:, None, :]]
