"""Timing of workloads: what `genkit bench` shows."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from genkit import backend
from genkit.conformance.dependence import random_images, vectors
from genkit.family import Learner, SampleSettings, Workload
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise
from genkit.sampling.driver import sample_tile
from genkit.sampling.raster import RasterNetwork, make_generator

REPEATS = 3
NAIVE_VALUES = 1024  # the naive sampler of larger images takes minutes and is left out


def raster_workloads(model: RasterNetwork, tiles: Sequence[int]) -> list[Workload]:
    """Samplers of an image model, each beside the teacher-forced forward pass of its batch."""
    values = int(np.prod(model.shape))
    samplers = ["incremental", *(["naive"] if values <= NAIVE_VALUES else [])]
    passes = [backend.compile(model.logits, model.variables, xla=xla) for xla in (True, False)]
    found = []
    for tile in tiles:
        images, vector = random_images(model, tile, 0), vectors(model, tile)
        forward = [_call(run, images, vector) for run in passes]
        for sampler in samplers:
            generator = make_generator(model, SampleSettings(tile, sampler=sampler))
            run = _call(sample_tile, generator, 0, range(tile), [{}] * tile)
            found.append(Workload(sampler, tile, tile * values, run, forward))
    return found


def training_workload(learner: Learner) -> Workload:
    """One update on a fixed batch. It changes the learner, so it is timed last."""
    feed: Any = learner.feed("train", 0)
    batch = feed.batch(0)
    size = len(next(iter(batch.values())))

    def update() -> Any:
        return learner.update(batch, Noise(0, 0))

    return Workload("training_step", size, size, update)


def _call(run: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    return lambda: run(*args)


def timed(run: Callable[[], Any]) -> float:
    """Seconds of one call, its results waited for."""
    start = time.perf_counter()
    backend.synchronise(run())
    return time.perf_counter() - start


def run_workload(workload: Workload, repeats: int = REPEATS) -> dict[str, Any]:
    """A row: the median of the repeats, and the first call, which compiles."""
    first = timed(workload.run)
    seconds = float(np.median([timed(workload.run) for _ in range(repeats)]))
    row: dict[str, Any] = {
        "sampler": workload.name,
        "tile": workload.tile,
        "seconds": seconds,
        "forward_seconds": None,
        "ratio": None,
        "values_per_second": workload.values / seconds,
        "compile_seconds": max(0.0, first - seconds),
        "peak_bytes": peak_bytes(),
        **workload.details,
    }
    if workload.forward:
        forward = min(_median(run, repeats) for run in workload.forward)
        row.update(forward_seconds=forward, ratio=seconds / forward)
    return row


def _median(run: Callable[[], Any], repeats: int) -> float:
    timed(run)
    return float(np.median([timed(run) for _ in range(repeats)]))


def peak_bytes() -> int:
    """Peak memory: of the accelerator where there is one, else of this process so far."""
    return backend.memory_peak() or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run_all(
    workloads: Sequence[Workload], repeats: int = REPEATS, progress: Progress = SILENT
) -> list[dict[str, Any]]:
    """A row per workload."""
    rows = []
    progress.start("bench", len(workloads), "workload")
    for workload in workloads:
        rows.append(run_workload(workload, repeats))
        progress.advance()
    progress.finish()
    return rows
