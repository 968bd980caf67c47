"""What a user asks to be drawn from a run, and the job that it becomes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from genkit import backend
from genkit.errors import Problem, UsageError
from genkit.family import Forced, Generator, ReferringGenerator, SampleSettings, SoundGenerator
from genkit.files import sha256
from genkit.opening import Opened
from genkit.progress import SILENT, Progress
from genkit.run.metadata import usable_cpus
from genkit.sampling.conditions import MAX_PROBLEMS, Conditions, raise_for
from genkit.sampling.fingerprint import fingerprint
from genkit.sampling.job import (
    Job,
    JobResult,
    Shard,
    Stop,
    is_wav,
    pipe_job,
    run_job,
    stream_job,
)
from genkit.sampling.raster.interpolation import Interpolation

# Rows often repeat, such as classes; so many different ones are not proved a second time.
REMEMBERED_ROWS = 4096

# Rows of an interpolation where no count is asked for.
ROWS_BETWEEN = 4

# Each tile in flight has its own state in memory.
MAX_TILES_BY_DEFAULT = 8


@dataclass(frozen=True)
class SampleRequest:
    """A request; None stands for what the recipe's `sample` section says.

    Args:
        count: how many samples; with several conditions by default their number, and one where
            sound is streamed.
        seed: of the noise.
        conditions: one mapping for all samples, or one a sample.
        tile: samples in one compiled batch; where sound is streamed 1 by default.
        prime, keep: items to complete, and which part of each is given.
        completions: so many consecutive samples complete the same item.
        batch_size: samples in flight, by default a tile a core; changes no sample.
        shard: the share to draw; None for all.
        allow_mixed: go on with samples that were drawn under another fingerprint.
        seconds, fold: of sound, see `SampleSettings`.
        animate: of images in a folder, show how the first ones were drawn; changes no sample.
        interpolate: conditions of the last sample of each row of `steps`, whose first one has
            `conditions`; None for samples that have nothing to do with each other.
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
    keep: str | None = None
    completions: int = 1
    sampler: str = "incremental"
    shard: Shard | None = None
    allow_mixed: bool = False
    seconds: float | None = None
    fold: float | None = None
    animate: bool = False
    interpolate: Mapping[str, str] | None = None
    steps: int = 8


def sample_run(
    opened: Opened,
    request: SampleRequest,
    target: Path | IO[bytes],
    progress: Progress = SILENT,
    stop: Stop = lambda: None,
) -> JobResult:
    """Draw what is asked for into a folder, or go on there; or write an npz to an open file.

    Sound goes to an open file, or a path that ends in `.wav`, as a WAV that grows.

    Raises:
        UsageError: if the family has nothing to sample, or a condition or setting is wrong.
    """
    settings = _settings(opened, request)
    generator = _between(_generator(opened, settings), request)
    _refuse_pictures(generator, request, opened.recipe.family)
    streamed = _streamed(generator, target, opened.recipe.family)
    if streamed and request.tile is None and settings.tile != 1:  # to be heard soon
        generator = _generator(opened, replace(settings, tile=1))
    count = _count(request, 1 if streamed else opened.recipe.sample.count)
    _check_conditions(generator, request.conditions)
    primes = opened.learner.primes(request.prime, request.keep) if request.prime else None
    if primes is not None and isinstance(generator, SoundGenerator):
        refuse_nothing_to_draw(primes, generator, request.conditions, request.completions)
    job = Job(
        count,
        request.seed,
        request.conditions,
        primes,
        request.completions,
        {**_identity(opened), **_steering(generator, request)},
        fingerprint(),
        _in_flight(request.batch_size, generator.settings.tile),
        request.shard,
    )
    with ExitStack() as ending:
        # Some have processes of their own.
        if hasattr(generator, "close"):
            ending.callback(generator.close)
        if streamed and isinstance(generator, SoundGenerator):
            return stream_job(job, target, generator, progress, stop)
        if isinstance(target, Path):
            mixed, animate = request.allow_mixed, request.animate
            return run_job(job, target, generator, progress, stop, mixed, animate)
        return pipe_job(job, target, generator, progress, stop)


def _generator(opened: Opened, settings: SampleSettings) -> Generator:
    family = opened.recipe.family
    generator = opened.learner.generator(settings)
    if generator is None:
        raise UsageError(f"family '{family}' has nothing to sample")
    if not isinstance(generator, SoundGenerator):
        for name in ("seconds", "fold"):
            if getattr(settings, name) is not None:
                where = " (sample.seconds in the recipe)" if name == "seconds" else ""
                raise UsageError(
                    f"--{name}{where} is for sound, which family '{family}' does not draw. "
                    "Leave it out."
                )
    return generator


def _between(generator: Generator, request: SampleRequest) -> Generator:
    """The generator of an interpolation, where one is asked for."""
    if not request.interpolate:
        return generator
    return Interpolation(generator, request.interpolate, request.steps)


def _steering(generator: Generator, request: SampleRequest) -> dict[str, Any]:
    """What samples depend on beside the words of their conditions."""
    found: dict[str, Any] = {}
    if request.interpolate:
        found["interpolate"] = {"to": dict(request.interpolate), "steps": request.steps}
    if isinstance(generator, ReferringGenerator):
        values = generator.condition_values(request.conditions)
        found |= {} if values is None else {"condition_values": values}
    return found


def _refuse_pictures(generator: Generator, request: SampleRequest, family: str) -> None:
    if request.animate and isinstance(generator, SoundGenerator):
        raise UsageError(
            "--animate is for images that are drawn pixel by pixel, which family "
            f"'{family}' does not draw. Leave it out."
        )
    if request.completions != 1 and request.prime is None:
        raise UsageError(
            "--completions says how many samples complete each item of --prime. Give --prime, or "
            "leave --completions out."
        )


def _streamed(generator: Generator, target: Path | IO[bytes], family: str) -> bool:
    """Whether sound goes out chunk by chunk."""
    sound = isinstance(generator, SoundGenerator)
    if isinstance(target, Path):
        if is_wav(target) and not sound:
            raise UsageError(
                f"family '{family}' draws no sound: --out takes a folder, or - for an npz. "
                f"Received: --out {target}"
            )
        return is_wav(target)
    return sound


def refuse_nothing_to_draw(
    primes: Forced,
    generator: SoundGenerator,
    rows: Sequence[Mapping[str, str]],
    completions: int,
) -> None:
    """Given sound that fills whole recordings is most likely not what was meant."""
    for number, mask in enumerate(primes.mask):
        first = number * completions
        for sample in range(first, first + min(completions, len(rows))):
            asked = generator.conditions([rows[sample % len(rows)]], sample)
            length = int(asked["length"][0]) if "length" in asked else generator.length
            if length is not None and len(mask) >= length and mask[:length].all():
                raise UsageError(
                    f"--prime leaves nothing to draw: recording {number} fills all "
                    f"{length / generator.sample_rate:g} s of a sample. Give longer --seconds, or "
                    "--keep with fewer seconds."
                )


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


def _count(request: SampleRequest, default: int) -> int:
    rows = len(request.conditions)
    if request.interpolate and rows == 1:
        count = request.count or request.steps * ROWS_BETWEEN
        if count % request.steps:
            raise UsageError(
                f"-n must be a multiple of --steps, {request.steps} samples a row. "
                f"Received: {count}"
            )
        return count
    count = request.count or (rows if rows > 1 else default)
    if rows not in (1, count):
        raise UsageError(
            f"there are conditions for {rows} samples, but -n is {count}. "
            "Leave -n out, or give as many lines."
        )
    return int(count)


def _settings(opened: Opened, request: SampleRequest) -> SampleSettings:
    defaults = opened.recipe.sample
    chosen: dict[str, Any] = {"fold": request.fold}
    for key in ("tile", "temperature", "top_k", "top_p", "seconds"):
        asked = getattr(request, key)
        chosen[key] = getattr(defaults, key) if asked is None else asked
    for key, value in chosen.items():
        if value is not None and not math.isfinite(value):
            name = key.replace("_", "-")
            raise UsageError(f"--{name} must be a finite number. Received: {value}")
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
