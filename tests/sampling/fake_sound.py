"""A generator of sound without a network: recordings that differ in length, of noise."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from genkit.artifacts import Audio
from genkit.errors import UsageError, unknown
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.randomness import uniform

RATE = 8000
STRETCH = 80
SILENCE = 128


def own_length(index: int) -> int:
    """Audio samples of recording `index`: no two neighbours agree."""
    return 150 + 100 * (index % 3)


def decoded(values: np.ndarray) -> np.ndarray:
    """PCM of values 0 .. 255."""
    return ((values - SILENCE) * 200).astype(np.int16)


class FakeSound:
    """Draws floor(256 u), 10 ms a chunk.

    Args:
        settings: `seconds` gives all recordings one length.
        pause: seconds that each chunk takes.
        before: called before each chunk.
    """

    sample_rate = RATE

    def __init__(
        self,
        settings: SampleSettings | int = 4,
        pause: float = 0.0,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = SampleSettings(settings) if isinstance(settings, int) else settings
        self.pause, self.before = pause, before
        seconds = self.settings.seconds
        self.length = None if seconds is None else round(seconds * RATE)
        self.chunks = None if self.length is None else -(-self.length // STRETCH)
        self.asked: list[list[int]] = []

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        for key in (key for row in rows for key in row if key != "speaker"):
            raise UsageError(f"--condition: {unknown('condition', key, ('speaker',))}")
        numbers = range(first_index, first_index + len(rows))
        speakers = [int(row.get("speaker", i % 3)) for i, row in zip(numbers, rows, strict=True)]
        ends = [self.length or own_length(i) for i in numbers]
        return {"speaker": np.array(speakers), "end": np.array(ends)}

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        if chunk == 0:
            self.asked.append(list(indices))
        return np.stack([uniform(seed, "fake", i, (STRETCH,), stream=chunk) for i in indices])

    def begin(self, conditions: Arrays) -> Any:
        return 0

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        time.sleep(self.pause)
        self.before()
        start, stop = state, state + STRETCH
        values = np.floor(noise * 256).astype(np.int32)
        if forced is not None:
            given, mask = forced.values[:, start:stop], forced.mask[:, start:stop]
            cut = slice(0, given.shape[1])
            values[:, cut] = np.where(mask, given, values[:, cut])
        left = np.clip(conditions["end"] - start, 0, STRETCH)
        done = bool((conditions["end"] <= stop).all())
        return Chunk(values, np.log(noise), stop, done, {"left": left, **conditions})

    def pcm(self, chunk: Chunk, row: int) -> np.ndarray:
        return decoded(chunk.values[row, : chunk.extras["left"][row]])

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Audio]:
        rows = range(len(indices))
        recordings = [np.concatenate([self.pcm(c, row) for c in chunks]) for row in rows]
        chances = [sum(c.log_prob[r, : c.extras["left"][r]].sum() for c in chunks) for r in rows]
        speakers = chunks[0].extras["speaker"][: len(indices)]
        return [Audio.of(recordings, np.array(chances), indices, RATE, {"speaker": speakers})]
