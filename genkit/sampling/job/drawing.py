"""Draws tiles, several at a time, with progress by chunk; stops between two chunks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from math import prod
from typing import Any

from genkit.errors import StoppedError
from genkit.family import Chunk, Forced, Generator, SoundGenerator
from genkit.progress import Progress
from genkit.sampling.driver import sample_tile
from genkit.sampling.job.description import Job, Stop, Tiles

MAX_IN_FLIGHT = 64

# Takes a tile's samples and what was drawn of them; runs beside other tiles.
Keep = Callable[[range, Any], Any]


@dataclass
class Drawing:
    """Draws the tiles of a job.

    Args:
        job: what to draw.
        generator: of the family.
        progress: told after every chunk.
        stop: asked after every chunk for the number of a signal to stop.
        stopped: the message where it gave one.
    """

    job: Job
    generator: Generator
    progress: Progress
    stop: Stop
    stopped: str
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def draw(self, numbers: Sequence[int], total: int, keep: Keep) -> Iterator[Any]:
        """Draw the tiles `numbers` of a share of `total` samples.

        Yields:
            What `keep` returned for each tile, in order.

        Raises:
            StoppedError: when asked to stop. Tiles that were kept before stay so.
        """
        tiles = Tiles(self.job.count, self.generator.settings.tile)
        missing = sum(len(tiles[number]) for number in numbers)
        self.progress.start("sample", total, "sample", initial=total - missing)
        meter = Meter(self.progress, self.generator)
        workers = min(max(1, self.job.in_flight), MAX_IN_FLIGHT)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="genkit-sample")
        waiting: deque[Future[Any]] = deque()
        try:
            for number in numbers:
                indices = tiles[number]
                # Conditions and primes are looked up here, in order and by one thread.
                rows, forced = self.job.tile(indices, self.generator.settings.tile)
                waiting.append(pool.submit(self._tile, indices, rows, forced, meter, keep))
                if len(waiting) >= 2 * workers:  # so that no worker waits for the next tile
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            self._cancelled.set()
            pool.shutdown(wait=True, cancel_futures=True)
            self.progress.finish()

    def _tile(
        self, indices: range, rows: Any, forced: Forced | None, meter: Meter, keep: Keep
    ) -> Any:
        tile = meter.tile(len(indices))

        def after(chunk: Chunk) -> None:
            tile.advance(chunk)
            raise_if_stopped(self.stop, self.stopped)
            if self._cancelled.is_set():
                raise StoppedError("cancelled", 15)

        # A tile is one part: the first artifact is what is drawn, others belong to it.
        artifacts = sample_tile(self.generator, self.job.seed, indices, rows, forced, after)
        kept = keep(indices, artifacts[0])
        tile.finish()
        return kept


def raise_if_stopped(stop: Stop, message: str) -> None:
    """StoppedError where the user or the system asked to stop."""
    if (number := stop()) is not None:
        raise StoppedError(message, number)


class Meter:
    """Samples and values/s of tiles that are drawn side by side; of sound, how many seconds there
    are, and how many come in a second.

    Args:
        progress: what is told, by one thread at a time.
        generator: whose `chunks` say how far a chunk brings a tile, where that is known.
    """

    def __init__(self, progress: Progress, generator: Generator) -> None:
        self.progress, self.generator = progress, generator
        self.sound = generator if isinstance(generator, SoundGenerator) else None
        self._lock = threading.Lock()
        self._began: float | None = None
        self._values = 0.0
        # Sound of all chunks, and that of the first one, which is not counted: it compiles.
        self._seconds = self._before = 0.0

    def tile(self, samples: int) -> TileMeter:
        return TileMeter(self, samples)

    def advance(self, samples: float, values: float, seconds: float = 0.0) -> None:
        with self._lock:
            now = time.monotonic()
            self._seconds += seconds
            if self._began is None:
                self._began, self._before = now, self._seconds
                self.progress.advance(samples)
                return
            self._values += values
            took = max(now - self._began, 1e-9)
            told = {"values/s": self._values / took}
            if self.sound is not None:
                told["seconds of sound"] = self._seconds
                told["real-time factor"] = (self._seconds - self._before) / took
            self.progress.advance(samples, told)


class TileMeter:
    """How much of one tile has been told; all of it, to the last digit, when it is finished."""

    def __init__(self, meter: Meter, samples: int) -> None:
        self.meter, self.samples = meter, samples
        self._told = 0.0

    def advance(self, chunk: Chunk) -> None:
        generator = self.meter.generator
        # The last chunk's share is told when the samples are kept.
        share = self.samples / generator.chunks if generator.chunks and not chunk.done else 0.0
        share = min(share, self.samples - self._told)
        self._told += share
        wanted = self.samples / generator.settings.tile
        self.meter.advance(share, prod(chunk.values.shape) * wanted, self._seconds(chunk))

    def _seconds(self, chunk: Chunk) -> float:
        sound = self.meter.sound
        if sound is None:
            return 0.0
        return sum(len(sound.pcm(chunk, row)) for row in range(self.samples)) / sound.sample_rate

    def finish(self) -> None:
        self.meter.advance(self.samples - self._told, 0.0)
