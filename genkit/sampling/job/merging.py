"""Puts the shards of a job together, from one folder or several."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from genkit.errors import Problem, UsageError
from genkit.files import write_bytes
from genkit.progress import SILENT, Progress
from genkit.sampling.fingerprint import differences, digest
from genkit.sampling.job import records
from genkit.sampling.job.description import Stop, Tiles
from genkit.sampling.job.drawing import raise_if_stopped
from genkit.sampling.job.given import read_given, write_given
from genkit.sampling.job.joining import BadPartsError, JobResult, Joining, stopped_message
from genkit.sampling.job.locking import locked
from genkit.sampling.job.missing import incomplete
from genkit.sampling.job.parts import BadPartError, Part, part_name, read_part
from genkit.sampling.job.storage import storing


def merge_job(
    folders: Sequence[Path],
    into: Path | None = None,
    progress: Progress = SILENT,
    stop: Stop = lambda: None,
    allow_mixed: bool = False,
    animate: bool = False,
) -> JobResult:
    """Prove all parts of a job and put them together.

    Args:
        folders: where shards were drawn; each holds some of the parts.
        into: where the whole goes; by default the first folder. Parts of the other ones are
            copied there.
        progress, stop: as everywhere.
        allow_mixed: put together what was drawn under different fingerprints; `job.json` says so.
        animate: show in a file how the first samples were drawn.

    Raises:
        UsageError: if a folder holds no job, the folders hold different jobs, or parts were
            drawn under different fingerprints; or an animation of them cannot be made.
        MissingShardsError: if parts are missing or damaged; a problem for each shard.
        RunError: if somebody else puts them together now, or draws the whole job.
        StorageError: if the folder cannot be written.
    """
    into = into or folders[0]
    with storing(into):
        there = [into] if records.settings_of(into) is not None else []
        settings = _settings(list(dict.fromkeys([*folders, *there])))
        places = list(dict.fromkeys([into, *folders]))
        return _Merge(settings, into, places, progress, stop, allow_mixed, animate).result()


def _settings(folders: Sequence[Path]) -> dict[str, Any]:
    """The settings that all folders agree on.

    Raises:
        UsageError: for all folders that hold no job, or for the first that holds another.
    """
    found: dict[Path, dict[str, Any]] = {}
    problems = []
    for folder in folders:
        there = records.settings_of(folder)
        if there is not None and all(_positive(there.get(key)) for key in ("count", "tile")):
            found[folder] = there
        elif not folder.is_dir():
            problems.append(Problem("no such folder", str(folder)))
        else:
            problems.append(Problem(
                f"holds no sampling job: it has no readable {records.SETTINGS}", str(folder)
            ))  # fmt: skip
    if problems:
        raise UsageError("--merge takes folders that `genkit sample --out` made", problems)
    first, *others = found
    for other in others:
        if changed := differences(found[first], found[other]):
            changed = [Problem(p.message.replace(" now", f" in {other}"), p.key) for p in changed]
            raise UsageError(f"{first} (there) and {other} are of different jobs", changed)
    return found[first]


def _positive(value: Any) -> bool:
    return isinstance(value, int) and value > 0


@dataclass
class _Merge:
    settings: dict[str, Any]
    into: Path
    places: list[Path]
    progress: Progress
    stop: Stop
    allow_mixed: bool
    animate: bool
    started: float = field(default_factory=time.monotonic)

    def result(self) -> JobResult:
        missing = array("q", (n for n in range(len(self.tiles)) if not self._exists(n)))
        if missing:
            raise incomplete(self.into, self.places, self.tiles, ((n, "missing") for n in missing))
        given = read_given(self.places, self.digest)
        joining = Joining(
            self.into,
            self.settings,
            self.allow_mixed,
            self._read,
            self.progress,
            self.stop,
            given,
            self.animate,
        )
        if (files := self._finished()) is not None:
            return joining.finished(files, self.started)
        self.into.mkdir(parents=True, exist_ok=True)
        with locked(self.into, None):
            records.claim(self.into, self.settings)
            if given is not None:
                write_given(self.into, given, self.digest)
            try:
                return joining.write(self.started)
            except BadPartsError as error:
                raise incomplete(self.into, self.places, self.tiles, error.bad) from error

    @cached_property
    def tiles(self) -> Tiles:
        return Tiles(int(self.settings["count"]), int(self.settings["tile"]))

    @cached_property
    def digest(self) -> str:
        return digest(self.settings)

    def _exists(self, number: int) -> bool:
        name = part_name(self.tiles[number])
        return any((place / name).exists() for place in self.places)

    def _finished(self) -> list[Path] | None:
        """What an earlier call left, where all of it and all parts are whole."""
        found = records.manifest(self.into)
        if found is None or not records.outputs_match(self.into, found):
            return None
        try:
            for number in range(len(self.tiles)):
                raise_if_stopped(self.stop, stopped_message(self.into))
                read_part(self.into, self.tiles[number], self.digest)
        except BadPartError:
            return None
        return [self.into / name for name in found["outputs"]]

    def _read(self, indices: range) -> Part:
        """The part from the first folder that has it whole; it is copied to where all go."""
        why = "missing"
        for place in self.places:
            try:
                part = read_part(place, indices, self.digest)
            except BadPartError as error:
                why = error.message if why == "missing" else why
                continue
            if place != self.into:
                write_bytes(self.into / part_name(indices), part.data)
            return part
        raise BadPartError(why)
