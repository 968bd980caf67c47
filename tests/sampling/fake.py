"""A generator without a network: images whose values are the noise. Light, so that processes
that are killed start at once."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genkit.artifacts import Images
from genkit.errors import GenkitError
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.progress import Progress
from genkit.randomness import uniform
from genkit.sampling.job import Job, Shard, run_job
from tests.sampling.fake_sound import FakeSound

SHAPE = (4, 3, 1)
LEVELS = 8


class FakeGenerator:
    """Draws floor(8 u), a row a chunk, and records what it was asked for.

    Args:
        tile: samples in a batch.
        pause: seconds that each chunk takes.
        before: called with the first index of a tile before its first chunk.
    """

    def __init__(
        self, tile: int = 4, pause: float = 0.0, before: Callable[[int], None] | None = None
    ) -> None:
        self.settings = SampleSettings(tile)
        self.chunks: int | None = SHAPE[0]
        self.pause, self.before = pause, before
        self.asked: list[list[int]] = []
        self.rows: list[list[Mapping[str, str]]] = []

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        self.rows.append(list(rows))
        if self.before is not None:
            self.before(first_index)
        return {"class": np.array([int(row.get("class", first_index + i)) % 5 for i, row in
                                   enumerate(rows)])}  # fmt: skip

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        if chunk == 0:
            self.asked.append(list(indices))
        return np.stack([uniform(seed, "fake", i, SHAPE[1:], stream=chunk) for i in indices])

    def begin(self, conditions: Arrays) -> Any:
        return 0

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        time.sleep(self.pause)
        values = np.floor(noise * LEVELS).astype(np.int32)
        if forced is not None:
            values = np.where(forced.mask[:, state], forced.values[:, state], values)
        return Chunk(values, np.log(noise), state + 1, state + 1 == self.chunks, dict(conditions))

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Images]:
        count = len(indices)
        values = np.stack([c.values for c in chunks], axis=1).astype(np.uint8)[:count]
        chance = np.stack([c.log_prob for c in chunks], axis=1).sum(axis=(1, 2, 3))[:count]
        labels = chunks[0].extras["class"][:count]
        return [Images(values, chance, np.asarray(indices, np.int64), LEVELS, labels)]


class QuickGenerator(FakeGenerator):
    """Noise of a whole tile at once, for jobs of very many samples; remembers nothing."""

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        return {"class": np.array([int(row.get("class", 0)) for row in rows])}

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        return uniform(seed, "fake", indices[0], (len(indices), *SHAPE[1:]), stream=chunk)


class Lines(Progress):
    """A line a tile, to be seen from outside."""

    def __init__(self) -> None:
        self.drawing = False

    def start(self, label: str, total: int, unit: str, initial: int = 0) -> None:
        self.drawing = label == "sample"

    def advance(self, count: float = 1, values: Mapping[str, float] | None = None) -> None:
        if self.drawing:
            print(f"drawn {count}", flush=True)

    def warn(self, text: str) -> None:
        print(f"warning {text}", flush=True)


def main(arguments: list[str]) -> None:
    """A job of fake samples in a process of its own; an error is its message and exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--shard", type=Shard.parse)
    parser.add_argument("--sound", action="store_true")
    parser.add_argument("--largest", type=int, help="bytes that a file may have")
    asked = parser.parse_args(arguments)
    if asked.largest is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (asked.largest, asked.largest))
    job = Job(asked.count, seed=3, in_flight=asked.in_flight, shard=asked.shard)
    kind: Any = FakeSound if asked.sound else FakeGenerator
    try:
        run_job(job, asked.folder, kind(pause=asked.pause), Lines())
    except GenkitError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main(sys.argv[1:])
