"""Audio data sets: recordings one after the other in one array, and the feed of their batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from genkit.data.dataset import Splits, StatelessFeed
from genkit.errors import DataError, UsageError
from genkit.family import Arrays
from genkit.randomness import permutation, uniform

TAGS = "tags"  # the one attribute with several values
SPLITS = ("train", "validation", "test")


class Segment(NamedTuple):
    """A stretch of a recording, such as a phone: audio samples start .. end - 1."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class AudioSplit:
    """One split.

    Args:
        samples: `(S,)` int16, mono PCM, all recordings one after the other; may lie on the disk.
        edges: `(N + 1,)` int64; recording i is `samples[edges[i]:edges[i + 1]]`.
        attributes: name -> `(N,)` int64, which value of the vocabulary; `tags` is `(N, K)` uint8,
            1 where a recording has the tag.
        sample_rate: Hz.
        names: `(N,)`, where each comes from: `path`, or `path:start-end` in seconds.
        texts: `(N,)`, what is said; None where it is not known.
        alignments: `(N,)`, phones of each recording in its own audio samples; or None.
        words: `(N,)`, words in the same way; None where none are known.
    """

    samples: np.ndarray
    edges: np.ndarray
    attributes: Mapping[str, np.ndarray]
    sample_rate: int
    names: Sequence[str]
    texts: Sequence[str] | None = None
    alignments: Sequence[Sequence[Segment]] | None = None
    words: Sequence[Sequence[Segment]] | None = None

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.int16:
            raise DataError(
                "recordings must be int16 of shape (samples,). "
                f"Received: {self.samples.dtype} {self.samples.shape}"
            )
        if not len(self.edges) or self.edges[0] < 0 or self.edges[-1] > len(self.samples):
            raise DataError(f"edges must lie within the {len(self.samples)} audio samples")
        if (np.diff(self.edges) < 1).any():
            raise DataError("every recording must have at least one audio sample")
        counts = {"names": len(self.names)}
        counts.update({name: len(values) for name, values in self.attributes.items()})
        wrong = [f"{count} {name}" for name, count in counts.items() if count != len(self)]
        if wrong:
            raise DataError(f"{len(self)} recordings, but {', '.join(wrong)}")

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def seconds(self) -> float:
        """Length of all recordings together."""
        return float(self.edges[-1] - self.edges[0]) / self.sample_rate

    def recording(self, index: int) -> np.ndarray:
        """`(T,)` int16."""
        if not 0 <= index < len(self):
            raise IndexError(f"recordings are 0 to {len(self) - 1}. Received: {index}")
        return np.asarray(self.samples[self.edges[index] : self.edges[index + 1]])

    def alignment(self, index: int) -> Sequence[Segment]:
        """Phones of a recording; none where they are not known."""
        return () if self.alignments is None else self.alignments[index]

    def first(self, limit: int | None) -> AudioSplit:
        """The first `limit` recordings, or all."""
        if limit is None or limit >= len(self):
            return self
        return replace(
            self,
            edges=self.edges[: limit + 1],
            attributes={name: values[:limit] for name, values in self.attributes.items()},
            names=self.names[:limit],
            texts=None if self.texts is None else self.texts[:limit],
            alignments=None if self.alignments is None else self.alignments[:limit],
            words=None if self.words is None else self.words[:limit],
        )


@dataclass(frozen=True)
class AudioDataset(Splits[AudioSplit]):
    """Splits by name; a missing one is an error that names those that exist.

    Args:
        name: of the data set.
        splits: by name.
        vocabulary: attribute -> the names of its values.
        notes: what a likelihood on this data depends on, in words: what was kept, what was
            dropped and why.
    """

    name: str
    splits: Mapping[str, AudioSplit]
    vocabulary: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


class AudioFeed(StatelessFeed):
    """Batches of windows, in epochs; each epoch is a permutation keyed by (seed, epoch).

    A recording of n audio samples is cut into ceil(n / crop) windows of at most `crop`, which
    together hold each of its audio samples once. Where the cuts lie is drawn anew for each
    epoch and recording, within what the last window would lack: the first window is shorter by
    it, the last one longer. Batch k holds positions k*B .. k*B+B-1 of the endless chain of
    epochs, so a batch may span two of them.

    A row is a window after its context. Packed rows have none before the beginning of a
    recording: they begin with it, and its first window is longer by `context` instead. Short
    recordings then fill one row each and waste nothing.

    Args:
        split: the recordings.
        batch_size: windows in a batch, B.
        crop: audio samples of a window.
        context: audio samples before a window that are given with it.
        seed: of order and cuts; None for the order of the recordings, without chance.
        packed: rows begin with the recording rather than before it.
        grid: rows begin at multiples of it, which divides `crop` and `context`.
    """

    described = "an audio feed"

    def __init__(
        self,
        split: AudioSplit,
        batch_size: int,
        crop: int,
        context: int,
        seed: int | None,
        packed: bool = False,
        grid: int = 1,
    ) -> None:
        if not len(split):
            raise DataError("cannot train on an empty split")
        if crop % grid or context % grid:
            raise UsageError(
                f"data.crop must be a multiple of {grid} audio samples. Received: {crop}"
            )
        self.split = split
        self.batch_size = batch_size
        self.crop = crop
        self.context = context
        self.seed = seed
        self.packed = packed
        self.grid = grid
        self.lead = context if packed else 0  # how much longer a recording's first window is
        self._lengths = np.diff(split.edges)
        windows = 1 - (-np.maximum(self._lengths - crop - self.lead, 0) // crop)
        self._slack = windows * crop + self.lead - self._lengths
        self._ends = np.cumsum(windows)  # of each recording's windows among all of the epoch
        self._epoch: tuple[int, np.ndarray, np.ndarray] = (-1, *(np.empty(0, np.int64),) * 2)

    @property
    def windows(self) -> int:
        """How many windows an epoch has."""
        return int(self._ends[-1])

    def batch(self, k: int) -> Arrays:
        """One batch.

        Returns:
            `audio` int16 (B, context + crop), 0 where there is none; `first` int32 (B,), how
            many of the leading ones lie before the recording's beginning, 0 .. context; `skip`
            int32 (B,), where the window begins, 0 .. context, before it is its context; `stop`
            int32 (B,), where its audio samples end, what follows is padding; `recording` and
            `origin` int64 (B,), which one it is and which of its audio samples the row begins
            with; and each attribute, int64 (B,) or uint8 (B, K).
        """
        audio = np.zeros((self.batch_size, self.context + self.crop), np.int16)
        first, skip, stop = np.empty((3, self.batch_size), np.int32)
        recordings, origins = np.empty((2, self.batch_size), np.int64)
        for row in range(self.batch_size):
            epoch, place = divmod(k * self.batch_size + row, self.windows)
            recordings[row], start, end = self._window(epoch, place)
            edge = int(self.split.edges[recordings[row]])
            origin = start - self.context
            if self.packed:
                origin = max(0, origin)
            first[row] = max(0, -origin)
            skip[row], stop[row], origins[row] = start - origin, end - origin, origin
            low = edge + origin + first[row]
            audio[row, first[row] : stop[row]] = self.split.samples[low : edge + end]
        chosen = {name: values[recordings] for name, values in self.split.attributes.items()}
        facts = {"first": first, "skip": skip, "stop": stop}
        return {"audio": audio, **facts, "recording": recordings, "origin": origins, **chosen}

    def _window(self, epoch: int, place: int) -> tuple[int, int, int]:
        """Recording, start and end of the window at a place of an epoch."""
        order, cuts = self._drawn(epoch)
        window = int(order[place])
        recording = int(np.searchsorted(self._ends, window, side="right"))
        length = int(self._lengths[recording])
        number = window - (int(self._ends[recording - 1]) if recording else 0)
        moved = int(cuts[recording])
        end = min(length, self.lead + (number + 1) * self.crop - moved)
        return recording, self.lead + number * self.crop - moved if number else 0, end

    def _drawn(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Order of the windows and shift of each recording's cuts."""
        if self.seed is None:
            return np.arange(self.windows), np.zeros(len(self.split), np.int64)
        if self._epoch[0] != epoch:
            order = permutation(self.seed, "epoch", epoch, self.windows)
            drawn = uniform(self.seed, "windows", epoch, (len(self.split),)).astype(np.float64)
            moves = (drawn * (self._slack // self.grid + 1)).astype(np.int64)
            self._epoch = (epoch, order, moves * self.grid)
        return self._epoch[1:]
