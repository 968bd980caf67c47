"""What a user asks to be drawn from a run, and the job that it becomes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from genkit import backend
from genkit.errors import Problem, UsageError
from genkit.family import Generator, SampleSettings
from genkit.files import sha256
from genkit.opening import Opened
from genkit.progress import SILENT, Progress
from genkit.run.metadata import usable_cpus
from genkit.sampling.conditions import MAX_PROBLEMS, Conditions, raise_for
from genkit.sampling.fingerprint import fingerprint
from genkit.sampling.job import Job, JobResult, Shard, Stop, pipe_job, run_job

# Rows often repeat, such as classes; so many different ones are not proved a second time.
REMEMBERED_ROWS = 4096

# Each tile in flight has its own state in memory.
MAX_TILES_BY_DEFAULT = 8


@dataclass(frozen=True)
class SampleRequest:
    """A request; None stands for what the recipe's `sample` section says.

    Args:
        count: how many samples; with several conditions by default their number.
        seed: of the noise.
        conditions: one mapping for all samples, or one a sample.
        prime, keep: items to complete, and which part of each is given.
        batch_size: samples in flight, by default a tile a core; changes no sample.
        shard: the share to draw; None for all.
        allow_mixed: go on with samples that were drawn under another fingerprint.
    """

    count: int | None = None
    seed: int = 0
    tile: int | None = None
    batch_size: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    conditions: Sequence[Mapping[str, str]] = ({},)
    prime: str | None = None
    keep: str = "top"
    sampler: str = "incremental"
    shard: Shard | None = None
    allow_mixed: bool = False


def sample_run(
    opened: Opened,
    request: SampleRequest,
    target: Path | IO[bytes],
    progress: Progress = SILENT,
    stop: Stop = lambda: None,
) -> JobResult:
    """Draw what is asked for into a folder, or go on there; or write an npz to an open file.

    Raises:
        UsageError: if the family has nothing to sample, or a condition or setting is wrong.
    """
    count = _count(opened, request)
    settings = _settings(opened, request)
    generator = opened.learner.generator(settings)
    if generator is None:
        raise UsageError(f"family '{opened.recipe.family}' has nothing to sample")
    _check_conditions(generator, request.conditions)
    primes = opened.learner.primes(request.prime, request.keep) if request.prime else None
    job = Job(
        count,
        request.seed,
        request.conditions,
        primes,
        _identity(opened),
        fingerprint(),
        _in_flight(request.batch_size, settings.tile),
        request.shard,
    )
    if isinstance(target, Path):
        return run_job(job, target, generator, progress, stop, request.allow_mixed)
    return pipe_job(job, target, generator, progress, stop)


def _identity(opened: Opened) -> dict[str, Any]:
    """What samples depend on beside how they are drawn."""
    return {
        "family": opened.recipe.family,
        "run": opened.run.signature,
        "step": opened.checkpoint.step,
        "weights": weights_digest(opened),
    }


def _in_flight(batch_size: int | None, tile: int) -> int:
    """Tiles that are computed at once: a core each where nothing is asked for. An accelerator
    computes one after the other, so that a second one keeps it busy and more need memory only."""
    if batch_size is not None:
        return max(1, batch_size // tile)
    return 2 if backend.accelerated() else min(usable_cpus(), MAX_TILES_BY_DEFAULT)


def _count(opened: Opened, request: SampleRequest) -> int:
    rows = len(request.conditions)
    count = request.count or (rows if rows > 1 else opened.recipe.sample.count)
    if rows not in (1, count):
        raise UsageError(
            f"there are conditions for {rows} samples, but -n is {count}. "
            "Leave -n out, or give as many lines."
        )
    return int(count)


def _settings(opened: Opened, request: SampleRequest) -> SampleSettings:
    defaults = opened.recipe.sample
    chosen: dict[str, Any] = {}
    for key in ("tile", "temperature", "top_k", "top_p"):
        asked = getattr(request, key)
        chosen[key] = getattr(defaults, key) if asked is None else asked
        if chosen[key] is not None and not math.isfinite(chosen[key]):
            name = key.replace("_", "-")
            raise UsageError(f"--{name} must be a finite number. Received: {chosen[key]}")
    return SampleSettings(sampler=request.sampler, **chosen)


def _check_conditions(generator: Generator, rows: Sequence[Mapping[str, str]]) -> None:
    """Wrong conditions are told before anything is compiled, and where they stand."""
    problems: list[Problem] = []
    proved: set[str] = set()
    for index, row in enumerate(rows):
        known = sha256(repr(row).encode())
        if known in proved:
            continue
        try:
            generator.conditions([row], index)
        except UsageError as error:
            if len(rows) == 1:
                raise
            place = rows.place(index) if isinstance(rows, Conditions) else f"sample {index}"
            problems.append(Problem(error.message, source=place))
            if len(problems) == MAX_PROBLEMS:
                break
            continue
        if len(proved) < REMEMBERED_ROWS:
            proved.add(known)
    raise_for(problems, "conditions that this model does not take", UsageError)


def weights_digest(opened: Opened) -> str:
    """A digest of the weights: another checkpoint makes another job."""
    digest = hashlib.sha256()
    for name, array in sorted(opened.checkpoint.arrays.items()):
        digest.update(name.encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
