"""A job to a pipe: an npz that grows while it is drawn; nothing is kept on the disk."""

from __future__ import annotations

import time
from typing import IO, Any

from genkit.artifacts.npz import NpzStream
from genkit.family import Generator
from genkit.progress import SILENT, Progress
from genkit.sampling.job.description import Job, Stop
from genkit.sampling.job.drawing import Drawing
from genkit.sampling.job.joining import JobResult


def pipe_job(
    job: Job,
    file: IO[bytes],
    generator: Generator,
    progress: Progress = SILENT,
    stop: Stop = lambda: None,
) -> JobResult:
    """Write all samples of a job to `file` as an npz, tile after tile.

    Memory does not grow with their number: what belongs to the samples beside themselves, such
    as their log-probabilities, waits in temporary files.

    Raises:
        StoppedError: when `stop` returned a signal.
        BrokenPipeError: as soon as nobody reads any more.
    """
    started = time.monotonic()
    message = "stopped; what was written is no whole npz. With a folder a job goes on."
    drawing = Drawing(job, generator, progress, stop, message)
    tile = generator.settings.tile

    def keep(indices: range, artifact: Any) -> Any:
        return artifact.arrays()

    with NpzStream(file, job.count) as whole:
        for arrays in drawing.draw(range(-(-job.count // tile)), job.count, keep):
            whole.append(arrays)
            file.flush()
    return JobResult(job.count, [], time.monotonic() - started)
