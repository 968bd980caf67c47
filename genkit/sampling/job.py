"""A sampling job: tiles in, parts out, resumable, the same bits whatever happens on the way.

A job's folder holds `parts/*.npz`, one part a tile, and, written last, `job.json` with settings
and checksums. Each part carries a digest of the settings, so that an unfinished job is known
again, and another one refused, before `job.json` exists.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from genkit.artifacts import SAMPLE_KINDS, SampleArtifact
from genkit.artifacts.npz import npz_bytes, read_npz
from genkit.errors import DataError, Problem, StoppedError, UsageError
from genkit.family import Chunk, Forced, Generator
from genkit.files import read_json_object, sha256, write_bytes, write_json
from genkit.progress import SILENT, Progress
from genkit.sampling.driver import sample_tile

FORMAT = 1
MANIFEST = "job.json"
DIGEST = "settings_digest"
META = "meta_"

Stop = Callable[[], int | None]


@dataclass(frozen=True)
class Job:
    """What to draw and where to.

    Args:
        folder: of the job's files.
        count: number of samples.
        seed: of the noise.
        conditions: what the user wrote for each sample: its length is 1 (the same for all) or
            `count`.
        primes: given values and mask; sample i takes row i modulo their number. None for none.
        identity: whatever else the samples depend on: run, checkpoint, fingerprint.
        in_flight: how many tiles are computed at once. Samples do not depend on it.
    """

    folder: Path
    count: int
    seed: int
    conditions: Sequence[Mapping[str, str]] = ({},)
    primes: Forced | None = None
    identity: Mapping[str, Any] | None = None
    in_flight: int = 1

    def settings(self, generator: Generator) -> dict[str, Any]:
        """All that decides the samples, as plain JSON values."""
        chosen = generator.settings
        primes = None
        if self.primes is not None:
            given = npz_bytes({"v": self.primes.values, "m": self.primes.mask})
            own = json.dumps([dict(row) for row in self.primes.conditions], sort_keys=True)
            primes = sha256(given + own.encode())
        return {
            "format": FORMAT,
            "count": self.count,
            "seed": self.seed,
            "tile": chosen.tile,
            "temperature": chosen.temperature,
            "top_k": chosen.top_k,
            "top_p": chosen.top_p,
            "sampler": chosen.sampler,
            "conditions": [dict(row) for row in self.conditions]
            if len(self.conditions) == 1
            else sha256(json.dumps([dict(r) for r in self.conditions], sort_keys=True).encode()),
            "primes": primes,
            **(self.identity or {}),
        }

    def tiles(self, tile: int) -> list[range]:
        """Consecutive sample indices, a tile at a time."""
        starts = range(0, self.count, tile)
        return [range(start, min(start + tile, self.count)) for start in starts]

    def rows(self, indices: range) -> list[Mapping[str, str]]:
        asked = [self.conditions[i % len(self.conditions)] for i in indices]
        own = self.primes.conditions if self.primes is not None else ()
        if not own:
            return asked
        return [{**own[i % len(own)], **row} for i, row in zip(indices, asked, strict=True)]

    def forced(self, indices: range) -> Forced | None:
        if self.primes is None:
            return None
        chosen = np.array(indices) % len(self.primes.values)
        return Forced(self.primes.values[chosen], self.primes.mask[chosen])


@dataclass(frozen=True)
class JobResult:
    """What a job left.

    Args:
        count: samples. files: what people look at. seconds: this call took.
        complete_before: whether nothing was left to draw.
    """

    count: int
    files: list[Path]
    seconds: float
    complete_before: bool = False


def run_job(
    job: Job, generator: Generator, progress: Progress = SILENT, stop: Stop = lambda: None
) -> JobResult:
    """Draw what is missing, then write the whole and the manifest.

    Raises:
        UsageError: if the folder holds a job of other settings or weights; says what differs.
        StoppedError: when `stop` returned a signal; finished parts are kept.
    """
    started = time.monotonic()
    settings = job.settings(generator)
    digest = sha256(json.dumps(settings, sort_keys=True).encode())
    _refuse_other_settings(job.folder, settings, digest)
    tiles = job.tiles(generator.settings.tile)
    todo = [t for t in tiles if not _finished(_part(job.folder, t), t, digest)]
    manifest = _manifest(job.folder)
    if not todo and manifest is not None and _files_match(job.folder, manifest):
        files = [job.folder / name for name in manifest["outputs"]]
        return JobResult(job.count, files, time.monotonic() - started, True)
    _draw_all(_Work(job, generator, digest, progress, stop), todo, len(tiles) - len(todo))
    return _finish(job, settings, digest, started)


@dataclass
class _Work:
    job: Job
    generator: Generator
    digest: str
    progress: Progress
    stop: Stop
    cancelled: threading.Event = field(default_factory=threading.Event)


def _draw_all(work: _Work, todo: Sequence[range], done: int) -> None:
    """Tiles in order, `in_flight` at a time; compiled calls release the interpreter lock."""
    job, tile = work.job, work.generator.settings.tile
    drawn = min(done * tile, job.count)
    work.progress.start("sample", job.count, "sample", initial=drawn)
    waiting = list(todo)
    running: set[Future[int]] = set()
    pool = ThreadPoolExecutor(max_workers=max(1, job.in_flight))
    try:
        while waiting or running:
            while waiting and len(running) < max(1, job.in_flight):
                running.add(pool.submit(_draw_tile, work, waiting.pop(0)))
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                work.progress.advance(future.result())
    finally:
        work.cancelled.set()
        pool.shutdown(wait=True, cancel_futures=True)
        work.progress.finish()


def _draw_tile(work: _Work, indices: range) -> int:
    job = work.job

    def watch(chunk: Chunk) -> None:
        number = work.stop()
        if number is not None:
            raise StoppedError(
                f"stopped; finished parts are in {job.folder}. The same command goes on.", number
            )
        if work.cancelled.is_set():
            raise StoppedError("cancelled", 15)

    artifacts = sample_tile(
        work.generator, job.seed, indices, job.rows(indices), job.forced(indices), watch
    )
    # A tile is one part: the first artifact is what is drawn, others belong to it.
    _write_part(_part(job.folder, indices), artifacts[0], work.digest)
    return len(indices)


def _part(folder: Path, indices: range) -> Path:
    return folder / "parts" / f"{indices.start:09d}-{indices.stop:09d}.npz"


def _write_part(path: Path, artifact: SampleArtifact, digest: str) -> None:
    extra = {DIGEST: np.array(digest), "kind": np.array(artifact.kind)}
    meta = {META + key: np.array(value) for key, value in artifact.meta().items()}
    write_bytes(path, npz_bytes({**artifact.arrays(), **meta, **extra}))


def _finished(path: Path, indices: range, digest: str) -> bool:
    """Whether the part is there, whole and of this job."""
    if not path.exists():
        return False
    try:
        arrays = read_npz(path)
    except DataError:
        return False  # damaged: drawn again
    return str(arrays.get(DIGEST)) == digest and len(arrays.get("index", ())) == len(indices)


def _manifest(folder: Path) -> dict[str, Any] | None:
    """What `job.json` says, or None where it is missing or damaged."""
    try:
        manifest = read_json_object(folder / MANIFEST)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    kinds = {"settings": dict, "outputs": list, "files": dict}
    whole = all(isinstance(manifest.get(key), kind) for key, kind in kinds.items())
    return manifest if whole else None


def _refuse_other_settings(folder: Path, settings: Mapping[str, Any], digest: str) -> None:
    """A folder belongs to one job."""
    hint = "Give another folder with --out, or the settings of the job that is there."
    manifest = _manifest(folder)
    if manifest is not None:
        there = manifest["settings"]
        keys = sorted(key for key in {*there, *settings} if there.get(key) != settings.get(key))
        if keys:
            problems = [
                Problem(f"{there.get(k)!r} there, {settings.get(k)!r} now", k) for k in keys
            ]
            raise UsageError(f"{folder} holds samples of another job. {hint}", problems)
        return
    for path in sorted((folder / "parts").glob("*.npz")):
        try:
            other = str(read_npz(path).get(DIGEST))
        except DataError:
            continue
        if other != digest:
            raise UsageError(
                f"{folder} holds an unfinished job of other settings or weights. {hint}"
            )
        return


def _finish(
    job: Job,
    settings: Mapping[str, Any],
    digest: str,
    started: float,
) -> JobResult:
    parts = [_part(job.folder, indices) for indices in job.tiles(int(settings["tile"]))]
    whole = _join(parts)
    files = whole.save(job.folder)
    outputs = {str(path.relative_to(job.folder)): _checksum(path) for path in [*files, *parts]}
    seconds = time.monotonic() - started
    write_json(
        job.folder / MANIFEST,
        {
            "settings": dict(settings),
            "settings_digest": digest,
            "count": job.count,
            "outputs": [str(path.relative_to(job.folder)) for path in files],
            "files": outputs,
            "seconds": round(seconds, 3),
        },
    )
    return JobResult(job.count, files, seconds)


def _join(parts: Sequence[Path]) -> Any:
    loaded = [read_npz(path) for path in parts]
    first = loaded[0]
    kind = SAMPLE_KINDS[str(first["kind"])]
    meta = {k.removeprefix(META): v.item() for k, v in first.items() if k.startswith(META)}
    own = {DIGEST, "kind", *(key for key in first if key.startswith(META))}
    return kind.join([{k: v for k, v in p.items() if k not in own} for p in loaded], meta)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files_match(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether every file of a finished job still has its checksum."""
    return all(
        (folder / name).is_file() and _checksum(folder / name) == value
        for name, value in manifest["files"].items()
    )
