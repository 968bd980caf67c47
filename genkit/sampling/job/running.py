"""Runs a job, or a shard of it: draws what is missing, and goes on after whatever ended it."""

from __future__ import annotations

import time
from array import array
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from genkit.artifacts import Animated, Given
from genkit.errors import UsageError
from genkit.family import Generator
from genkit.progress import SILENT, Progress
from genkit.sampling.fingerprint import differences, digest, plain
from genkit.sampling.job import records
from genkit.sampling.job.description import Job, Shard, Stop, Tiles
from genkit.sampling.job.drawing import Drawing, raise_if_stopped
from genkit.sampling.job.given import write_given
from genkit.sampling.job.joining import (
    JobResult,
    Joining,
    bad_parts,
    not_animated,
    reader,
    stopped_message,
)
from genkit.sampling.job.locking import locked
from genkit.sampling.job.parts import BadPartError, Stamp, part_name, read_part, write_part
from genkit.sampling.job.storage import storing


def run_job(
    job: Job,
    folder: Path,
    generator: Generator,
    progress: Progress = SILENT,
    stop: Stop = lambda: None,
    allow_mixed: bool = False,
    animate: bool = False,
) -> JobResult:
    """Draw what is missing of a job, or of one shard of it.

    A whole job is then put together; a shard leaves its parts and a record.

    Args:
        job: what to draw.
        folder: of the job; made where it is missing.
        generator: of the family.
        progress, stop: as everywhere.
        allow_mixed: go on under another fingerprint than that of the parts that are there.
        animate: show in a file how the first samples were drawn, once all are there. It is added
            to a job that is finished. Shards leave it to `merge_job`.

    Raises:
        UsageError: if the folder holds a job of other settings or weights; says what differs. Or
            if the samples are of a kind that cannot be animated.
        RunError: if another process is drawing the same samples there.
        StorageError: if the folder cannot be written, or the disk is full.
        StoppedError: when `stop` returned a signal; finished parts are kept.
    """
    return _Call(job, folder, generator, progress, stop, allow_mixed, animate).result()


@dataclass
class _Scan:
    """What a share has: numbers of the tiles to be drawn, and a part that was drawn under
    another fingerprint, if there is one."""

    missing: array[int] = field(default_factory=lambda: array("q"))
    other: tuple[int, Stamp] | None = None


@dataclass(frozen=True)
class _Call:
    job: Job
    folder: Path
    generator: Generator
    progress: Progress
    stop: Stop
    allow_mixed: bool
    animate: bool
    started: float = field(default_factory=time.monotonic)

    def result(self) -> JobResult:
        with ExitStack() as stack:
            with storing(self.folder):
                records.refuse_other_settings(self.folder, self.settings)
                # A finished job is only read: its folder may be one that cannot be written.
                if (files := self._finished()) is not None:
                    return self._result_before(files)
                self.folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked(self.folder, self.job.shard))
                records.claim(self.folder, self.settings)
                if self.given is not None:
                    write_given(self.folder, self.given, self.stamp.settings)
                found = self._scan()
                self._warn_of_mixture()
            self._refuse_mixture(found)
            self._draw(found.missing)
            with storing(self.folder):
                shard = self.job.shard
                if shard is not None:
                    return self._finish_shard(shard)
                return self._joining().write(self.started)

    @cached_property
    def settings(self) -> dict[str, Any]:
        return plain(self.job.settings(self.generator))

    @cached_property
    def stamp(self) -> Stamp:
        return Stamp(digest(self.settings), plain(dict(self.job.fingerprint or {})))

    @cached_property
    def given(self) -> Given | None:
        return self.job.given(self.generator)

    @property
    def tiles(self) -> Tiles:
        return Tiles(self.job.count, self.generator.settings.tile)

    def _finished(self) -> list[Path] | None:
        """What an earlier call left where it drew all."""
        files = self._files()
        return None if files is None or self._scan(tell=False).missing else files

    def _result_before(self, files: list[Path]) -> JobResult:
        if self.job.shard is None:
            return self._joining().finished(files, self.started)
        count = self.tiles.samples(self.job.shard)
        return JobResult(count, files, time.monotonic() - self.started, True)

    def _files(self) -> list[Path] | None:
        """What a finished job or shard says it has left; None where it is not finished."""
        if self.job.shard is not None:
            record = self.folder / records.shard_record(self.job.shard)
            return [record] if record.is_file() else None
        manifest = records.manifest(self.folder)
        if manifest is None or not records.outputs_match(self.folder, manifest):
            return None
        return [self.folder / name for name in manifest["outputs"]]

    def _scan(self, tell: bool = True) -> _Scan:
        """Proves every part of this share that is there."""
        found = _Scan()
        was_whole = (self.folder / records.CHECKSUMS).exists() or self._files() is not None
        bad = []
        for number in self.tiles.of(self.job.shard):
            raise_if_stopped(self.stop, stopped_message(self.folder))
            try:
                part = read_part(self.folder, self.tiles[number], self.stamp.settings)
            except BadPartError as error:
                found.missing.append(number)
                if was_whole or error.message != "missing":
                    bad.append((number, error.message))
                continue
            if found.other is None and part.stamp != self.stamp:
                found.other = (number, part.stamp)
        if bad and tell:
            self.progress.warn(f"{bad_parts(self.tiles, bad)}; drawn again")
        return found

    def _refuse_mixture(self, found: _Scan) -> None:
        """What is drawn now has to fit what this share drew before.

        Raises:
            UsageError: if that was under another fingerprint; says what differs.
        """
        if self.allow_mixed or not found.missing or found.other is None:
            return
        number, there = found.other
        raise UsageError(
            f"{part_name(self.tiles[number])} in {self.folder} was drawn under other versions or "
            "settings, or on another machine: the whole would not be what one of them alone "
            "draws. Give --allow-mixed to go on all the same; job.json then says so.",
            differences(there.fingerprint, self.stamp.fingerprint),
        )

    def _warn_of_mixture(self) -> None:
        """Shards may well be drawn under different fingerprints, if that is what is wanted."""
        if self.job.shard is None or self.allow_mixed:
            return
        if found := records.other_fingerprint(self.folder, self.stamp.fingerprint):
            told = "; ".join(map(str, found[:3])) + ("; ..." if len(found) > 3 else "")
            self.progress.warn(
                "other shards were drawn under other versions or settings, or on another machine, "
                f"so that --merge will need --allow-mixed ({told})"
            )

    def _draw(self, missing: array[int]) -> None:
        def keep(indices: range, artifact: Any) -> None:
            if self.animate and not isinstance(artifact, Animated):
                raise not_animated(self.folder, artifact.kind)
            with storing(self.folder):
                write_part(self.folder, indices, artifact, self.stamp)

        drawing = Drawing(
            self.job, self.generator, self.progress, self.stop, stopped_message(self.folder)
        )
        for _ in drawing.draw(missing, self.tiles.samples(self.job.shard), keep):
            pass

    def _joining(self) -> Joining:
        return Joining(
            self.folder,
            self.settings,
            self.allow_mixed,
            reader(self.folder, self.stamp.settings),
            self.progress,
            self.stop,
            self.given,
            self.animate,
        )

    def _finish_shard(self, shard: Shard) -> JobResult:
        seconds = time.monotonic() - self.started
        count = self.tiles.samples(shard)
        facts = {
            "settings_digest": self.stamp.settings,
            "tiles": len(self.tiles.of(shard)),
            "count": count,
            "seconds": round(seconds, 3),
            "fingerprint": dict(self.stamp.fingerprint),
        }
        return JobResult(count, [records.write_shard_record(self.folder, shard, facts)], seconds)
