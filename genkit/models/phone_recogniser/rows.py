"""Rows of a batch: windows of recordings with the phones of their frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from genkit.data.audio.dataset import AudioFeed, AudioSplit, Segment
from genkit.data.audio.mulaw import FULL_SCALE, encode, pcm_of
from genkit.family import Arrays
from genkit.metrics.speech.alignments import NONE, Fold, folded, frame_labels
from genkit.randomness import Noise
from genkit.speech.reading import unmarked


class Rows:
    """Makes codes, frames and weights of what an `AudioFeed` gives.

    The phone of a frame is judged by `halo` frames behind it as well, so a window counts the frames
    that lie `halo` before its own, and the last window of a recording also those up to its end.
    All windows together count each frame once, and as the whole recording would have it.

    Args:
        config: the model's section. data: the data set's section.
    """

    def __init__(self, config: Any, data: Any) -> None:
        self.config, self.data = config, data
        self.labels = config.labels(data)
        self.numbers = {label: number for number, label in enumerate(self.labels)}
        self.fold: Fold = config.table()

    def feed(self, split: AudioSplit, batch_size: int, seed: int | None) -> AudioFeed:
        """Windows in a drawn order; in the order of the recordings where the seed is None."""
        config = self.config
        return AudioFeed(
            split, batch_size, self.data.crop, config.context, seed, packed=True, grid=config.pool
        )

    def alignment(self, split: AudioSplit, recording: int) -> list[Segment]:
        """What is said in a recording, by the labels of the model."""
        every = split.alignment(recording)
        if not self.fold:
            every = unmarked(every, self.data.phone_set())
        return folded(every, self.fold)

    def frames(self, split: AudioSplit, recording: int) -> np.ndarray:
        """The phone of each frame of a recording, ceil(T / pool) of them, `(F,)` int64; -1 where
        none is known."""
        length = int(split.edges[recording + 1] - split.edges[recording])
        count, known = -(-length // self.config.pool), self.alignment(split, recording)
        found = frame_labels(known, self.numbers, count, self.config.pool)
        # A phone that is not of the set cannot be named.
        return np.where(found < len(self.labels), found, NONE)

    def __call__(self, batch: Arrays, split: AudioSplit) -> Arrays:
        """What the network and the loss take.

        Returns:
            `codes` int32 (B, T), `levels` where there is no sound; `samples` float32 (B, T), 1
            where the code counts; `counted` float32 (B, F), 1 in the frames that
            the window has to name; `phones` int32 (B, F) and `frames` float32 (B, F), 1 in those
            of them whose phone is known.
        """
        pool, halo = self.config.pool, self.config.halo
        time = np.arange(batch["audio"].shape[1])
        skip, stop = (batch[name].astype(np.int64) for name in ("skip", "stop"))
        codes = encode(batch["audio"], self.config.levels)
        codes = np.where(time < stop[:, None], codes, self.config.levels).astype(np.int32)
        samples = (time >= skip[:, None]) & (time < stop[:, None])
        phones = np.full((len(codes), len(time) // pool), NONE, np.int64)
        counted = np.zeros(phones.shape, bool)
        for row, (recording, origin) in enumerate(
            zip(batch["recording"], batch["origin"], strict=True)
        ):
            known = self.frames(split, int(recording))[int(origin) // pool :][: phones.shape[1]]
            phones[row, : len(known)] = known
            edges = split.edges[recording : recording + 2]
            last = origin + stop[row] == edges[1] - edges[0]
            low = skip[row] // pool - halo if origin + skip[row] else 0
            counted[row, low : -(-stop[row] // pool) if last else stop[row] // pool - halo] = True
        return {
            "codes": codes,
            "samples": samples.astype(np.float32),
            "counted": counted.astype(np.float32),
            "phones": np.maximum(phones, 0).astype(np.int32),
            "frames": (counted & (phones != NONE)).astype(np.float32),
        }


def louder(audio: np.ndarray, decibels: float, noise: Noise) -> np.ndarray:
    """Windows `(B, T)` int16, each louder or softer by up to so many decibels, cut where they are
    too loud."""
    drawn = 2 * noise.uniform("phone_recogniser/gain", (len(audio), 1)) - 1
    return pcm_of(audio / FULL_SCALE * 10 ** (decibels * drawn / 20))
