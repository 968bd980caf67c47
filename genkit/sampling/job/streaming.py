"""A job whose sound is heard while it is drawn: one WAV that grows chunk by chunk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from genkit.artifacts.wav import WavStream
from genkit.errors import StorageError
from genkit.family import Chunk, SoundGenerator
from genkit.progress import SILENT, Progress
from genkit.sampling.driver import stream_tile
from genkit.sampling.job.description import Job, Stop, Tiles
from genkit.sampling.job.drawing import Meter, raise_if_stopped
from genkit.sampling.job.joining import JobResult


def stream_job(
    job: Job,
    target: Path | IO[bytes],
    generator: SoundGenerator,
    progress: Progress = SILENT,
    stop: Stop = lambda: None,
) -> JobResult:
    """Write the recordings of a job into one WAV, one after the other, each chunk as it is drawn.

    Of a tile the first recording is heard while it is drawn; the others are drawn beside it and
    wait in memory until it has ended. So a tile of 1 is the one to listen to.

    Args:
        target: a file that is made or replaced, or an open file such as a pipe.

    Raises:
        StoppedError: when `stop` returned a signal. What was drawn until then can be heard.
        BrokenPipeError: as soon as nobody reads any more.
        StorageError: if the file cannot be written.
    """
    started = time.monotonic()
    files = [target] if isinstance(target, Path) else []
    tiles = Tiles(job.count, generator.settings.tile)
    progress.start("sample", job.count, "sample")
    try:
        with _opened(target, generator.sample_rate) as sound:
            meter, holds = Meter(progress, generator), f", which {target} holds" * bool(files)
            streaming = _Streaming(job, sound, generator, meter, stop, holds)
            for number in range(len(tiles)):
                streaming.tile(tiles[number])
    finally:
        progress.finish()
    return JobResult(job.count, files, time.monotonic() - started)


def is_wav(target: Path) -> bool:
    """Whether a path names a WAV file, not a folder."""
    return target.suffix.lower() == ".wav" and not target.is_dir()


@contextmanager
def _opened(target: Path | IO[bytes], sample_rate: int) -> Iterator[WavStream]:
    if not isinstance(target, Path):
        with WavStream(target, sample_rate) as sound:
            yield sound
        return
    try:
        with target.open("wb") as file, WavStream(file, sample_rate) as sound:
            yield sound
    except BrokenPipeError:  # a file may be a named pipe
        raise
    except OSError as error:
        what = f"{error.strerror or error}: {error.filename or target}"
        raise StorageError(
            f"{what}. {target} must be a file that can be written, in a folder that is there, on "
            "a disk with room."
        ) from error


@dataclass(frozen=True)
class _Streaming:
    job: Job
    sound: WavStream
    generator: SoundGenerator
    meter: Meter
    stop: Stop
    holds: str

    def tile(self, indices: range) -> None:
        """Draw a tile; its first recording goes out at once."""
        meter = self.meter.tile(len(indices))
        waiting: list[list[np.ndarray]] = [[] for _ in indices[1:]]

        def write(chunk: Chunk) -> None:
            self.sound.write(self.generator.pcm(chunk, 0))
            for row, pieces in enumerate(waiting, 1):
                pieces.append(self.generator.pcm(chunk, row))
            meter.advance(chunk)
            self._raise_if_stopped()

        rows, forced = self.job.tile(indices, self.generator.settings.tile)
        stream_tile(self.generator, self.job.seed, indices, rows, write, forced)
        for pieces in waiting:
            for piece in pieces:
                self.sound.write(piece)
        meter.finish()

    def _raise_if_stopped(self) -> None:
        raise_if_stopped(
            self.stop, f"stopped after {self.sound.seconds:.1f} s of sound{self.holds}"
        )
