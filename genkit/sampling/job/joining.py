"""Puts parts together: reads each once, proves it, and writes what people look at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from genkit.artifacts import ANIMATION, SAMPLE_KINDS, Animated, Given, Parts
from genkit.errors import RunError, UsageError, unknown
from genkit.files import checksum_line, file_sha256, replacing, write_json
from genkit.progress import Progress
from genkit.sampling.fingerprint import differences, digest
from genkit.sampling.job.description import Stop, Tiles
from genkit.sampling.job.drawing import raise_if_stopped
from genkit.sampling.job.given import GIVEN
from genkit.sampling.job.locking import locked
from genkit.sampling.job.parts import BadPartError, Part, part_name, read_part
from genkit.sampling.job.records import CHECKSUMS, MANIFEST, manifest

MIXED_HINT = "Give --allow-mixed to put them together all the same; job.json then says so."

# Reads and proves the part of some samples.
Read = Callable[[range], Part]


@dataclass(frozen=True)
class JobResult:
    """What a job left.

    Args:
        count: samples that this call was to draw: of the whole job, or of one shard.
        files: what people look at; for a shard its record.
        seconds: this call took.
        complete_before: whether nothing was left to do.
    """

    count: int
    files: list[Path]
    seconds: float
    complete_before: bool = False


@dataclass
class Mixture:
    """Under which fingerprints samples were drawn.

    Args:
        allow: whether there may be more than one.
    """

    allow: bool
    _found: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, part: Part, name: str) -> None:
        """Count a part.

        Raises:
            UsageError: if it is another fingerprint than before, and that is not allowed.
        """
        own = dict(part.stamp.fingerprint)
        entry = self._found.setdefault(
            digest(own), {"fingerprint": own, "parts": 0, "samples": 0, "first": name}
        )
        entry["parts"] += 1
        entry["samples"] += len(part.arrays["index"])
        if len(self._found) > 1 and not self.allow:
            first = next(iter(self._found.values()))
            raise UsageError(
                f"{first['first']} and {name} were drawn under different versions, settings or "
                f"machines, so that the whole is not what one of them alone would draw. "
                f"{MIXED_HINT}",
                differences(first["fingerprint"], own),
            )

    def facts(self) -> dict[str, Any]:
        """For `job.json`: the fingerprint, or all of a mixture."""
        every = [self._found[key] for key in sorted(self._found)]
        if len(every) == 1:
            return {"fingerprint": every[0]["fingerprint"]}
        told = [{key: entry[key] for key in ("fingerprint", "parts", "samples")} for entry in every]
        return {"fingerprint": None, "mixture": told}


@dataclass
class Joining:
    """Puts the parts of a job together.

    Args:
        folder: of the job; outputs are written there.
        settings: of the job.
        allow_mixed: whether parts may have been drawn under different fingerprints.
        read: gives each part; raises BadPartError for one that cannot be used.
        progress, stop: as everywhere.
        given: what of images was given; None for nothing, or where that is not known.
        animate: whether an animation is wanted. One that was there before is kept up.
    """

    folder: Path
    settings: Mapping[str, Any]
    allow_mixed: bool
    read: Read
    progress: Progress
    stop: Stop
    given: Given | None = None
    animate: bool = False
    bad: list[tuple[int, str]] = field(default_factory=list)

    def write(self, started: float) -> JobResult:
        """Write outputs, checksums of parts, and the manifest.

        Raises:
            UsageError: for a mixture that is not allowed, a kind of samples that is unknown, or
                an animation that cannot be made.
            BadPartsError: if parts are bad; all were looked at, and nothing was written.
        """
        tiles = self.tiles
        self.animate = self.animate or self._has_animation()
        mixture = Mixture(self.allow_mixed)
        self.progress.start("join", tiles.count, "sample")
        try:
            with replacing(self.folder / CHECKSUMS) as checksums:
                proved = self._proved(tiles, mixture, checksums)
                files = self._collect(tiles.count, proved)
        finally:
            self.progress.finish()
        if self.animate:
            files.append(self._animation())
        outputs = [str(path.relative_to(self.folder)) for path in files]
        checked = {name: file_sha256(self.folder / name) for name in [*outputs, CHECKSUMS]}
        seconds = time.monotonic() - started
        facts = {
            "settings": dict(self.settings),
            "settings_digest": digest(self.settings),
            "count": tiles.count,
            "outputs": outputs,
            "files": checked,
            "seconds": round(seconds, 3),
            **mixture.facts(),
        }
        write_json(self.folder / MANIFEST, facts)
        return JobResult(tiles.count, files, seconds)

    def finished(self, files: list[Path], started: float) -> JobResult:
        """The result of a job that was put together before, with the files that it left; writes
        the animation that it may lack, and names it in the manifest, where nothing else changes."""
        found = manifest(self.folder)
        if self.animate and found is not None and ANIMATION not in found["outputs"]:
            with locked(self.folder, None):
                path = self._animation()
                outputs = [*found["outputs"], path.name]
                checked = {**found["files"], path.name: file_sha256(path)}
                facts = {**found, "outputs": outputs, "files": checked}
                write_json(self.folder / MANIFEST, facts)
            files = [*files, path]
        return JobResult(self.tiles.count, files, time.monotonic() - started, True)

    @property
    def tiles(self) -> Tiles:
        return Tiles(int(self.settings["count"]), int(self.settings["tile"]))

    def _has_animation(self) -> bool:
        found = manifest(self.folder)
        return found is not None and ANIMATION in found["outputs"]

    def _animation(self) -> Path:
        """Parts are read once more, as many as are shown."""
        tiles = self.tiles
        first = self.read(tiles[0])
        animated = self._animated(first, self._kind(first))
        each = (self.read(tiles[number]).arrays for number in range(len(tiles)))
        return animated.animate(self.folder, Parts(tiles.count, first.meta, each, given=self.given))

    def _kind(self, part: Part) -> Any:
        return kind_of(part.kind, str(self.settings.get("family", "")))

    def _animated(self, part: Part, kind: Any) -> Animated:
        """A kind of samples that can be animated.

        Raises:
            UsageError: if it cannot, or if what was given should be shown and is not known.
        """
        if not isinstance(kind, Animated):
            raise not_animated(self.folder, part.kind)
        if self._lacks_given():
            raise UsageError(
                f"--animate: {self.folder} has no {GIVEN} that says which pixels were given. Copy "
                "it from a folder where a shard was drawn, or give --animate to the sampling "
                "command, without --shard."
            )
        return kind

    def _lacks_given(self) -> bool:
        return self.given is None and self.settings.get("primes") is not None

    def _collect(self, count: int, proved: Iterator[Part]) -> list[Path]:
        first = next(proved)
        each = (part.arrays for part in _again(first, proved))
        kind = self._kind(first)
        if self.animate:
            self._animated(first, kind)
        elif isinstance(kind, Animated) and self._lacks_given():
            self.progress.warn(
                f"no picture of completions: {self.folder} has no {GIVEN}. For one, copy it from a "
                f"folder where a shard was drawn, remove {MANIFEST} and merge again."
            )
        parts = Parts(count, first.meta, each, self.progress.message, self.given)
        files = list(kind.collect(self.folder, parts))
        for _ in each:  # what `collect` had no use for is proved all the same
            pass
        return files

    def _proved(self, tiles: Tiles, mixture: Mixture, checksums: BinaryIO) -> Iterator[Part]:
        """Every part in order. After a bad one the others are still looked at, so that all bad
        ones are told at once."""
        for number in range(len(tiles)):
            raise_if_stopped(self.stop, stopped_message(self.folder))
            indices = tiles[number]
            try:
                part = self.read(indices)
            except BadPartError as error:
                self.bad.append((number, error.message))
                continue
            name = part_name(indices)
            mixture.add(part, name)
            self.progress.advance(len(indices))
            if not self.bad:
                checksums.write(checksum_line(part.checksum, name))
                yield part
        if self.bad:
            raise BadPartsError(self.folder, tiles, self.bad)


def not_animated(folder: Path, kind: str) -> UsageError:
    """The error for samples that no animation can show."""
    return UsageError(
        f"--animate is for images that are drawn pixel by pixel. {folder} holds samples of another "
        f"kind, {kind}. Leave it out."
    )


class BadPartsError(RunError):
    """Parts that turned out to be bad while they were put together.

    Args:
        bad: number of each one's tile, and what is wrong.
    """

    def __init__(self, folder: Path, tiles: Tiles, bad: list[tuple[int, str]]) -> None:
        self.bad = bad
        super().__init__(
            f"{folder}: {bad_parts(tiles, bad)}. The same command draws what is missing."
        )


def bad_parts(tiles: Tiles, bad: list[tuple[int, str]], most: int = 3) -> str:
    """A line such as `2 parts cannot be used: parts/...npz (damaged) and parts/...npz (...)`."""
    names = [f"{part_name(tiles[number])} ({why})" for number, why in bad[:most]]
    more = f" and {len(bad) - most} more" if len(bad) > most else ""
    count = "1 part" if len(bad) == 1 else f"{len(bad)} parts"
    return f"{count} cannot be used: {', '.join(names)}{more}"


def stopped_message(folder: Path) -> str:
    """What is said when a job was stopped."""
    return f"stopped; finished parts are in {folder}. The same command goes on."


def _again(first: Part, rest: Iterator[Part]) -> Iterator[Part]:
    yield first
    yield from rest


def kind_of(name: str, family: str) -> Any:
    """What puts samples of a kind together; a family's own kind comes with its learner."""
    from genkit.registry import families, resolve

    if name not in SAMPLE_KINDS and family:
        resolve(families.get(family).learner)
    if name not in SAMPLE_KINDS:
        raise UsageError(unknown("kind of samples", name, SAMPLE_KINDS))
    return SAMPLE_KINDS[name]


def reader(folder: Path, settings: str) -> Read:
    """Reads the parts of one folder."""
    return lambda indices: read_part(folder, indices, settings)
