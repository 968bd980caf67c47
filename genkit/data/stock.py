"""Which data sets are there, getting them, preparing them, and checking that they are whole."""

from __future__ import annotations

import importlib
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from genkit import registry
from genkit.data import archives, load
from genkit.data.catalogue import DataFile, DatasetEntry
from genkit.data.download import UnreachableError, digest, download
from genkit.data.fingerprint import is_part, whole_checksum
from genkit.data.places import data_root, find, roots
from genkit.errors import DataError, UsageError
from genkit.files import write_atomically
from genkit.progress import SILENT, Progress

# What writes the data of a kind in the form that training maps.
WRITERS = {
    "images": "genkit.data.images.blocks",
    "audio": "genkit.data.audio.corpus",
    "videos": "genkit.data.video.stored",
}
SUMS = "SHA256SUMS"  # what `sha256sum -c` reads; of what was unpacked or downloaded here


def config_of(entry: DatasetEntry, **values: Any) -> Any:
    """The `data` section that only names the data set, and `values`."""
    return registry.resolve(entry.config)(name=entry.name, **values)


def variants(entry: DatasetEntry) -> Iterator[Any]:
    """The section with defaults, then with every other part, where the data set has parts."""
    model = registry.resolve(entry.config)
    first = config_of(entry)
    yield first
    part = model.model_fields.get("part")
    for value in typing.get_args(part.annotation) if part is not None else ():
        if value != first.part:
            yield config_of(entry, part=value)


def state(entry: DatasetEntry) -> str:
    """`built in`, `your own`, `complete`, `a part`, or `missing`."""
    if entry.builtin:
        return "built in"
    if entry.own:
        return "your own"
    for number, config in enumerate(variants(entry)):
        try:
            found = registry.resolve(entry.files or "")(config)
        except DataError:
            continue
        if is_part(entry, found):
            return "a part"
        return "complete" if number == 0 else f"only {config.part}"
    return "missing"


# Getting


def get(entry: DatasetEntry, mirror: str | None = None, progress: Progress = SILENT) -> list[Path]:
    """The original files of a data set, and of those that it is made of, downloaded and unpacked
    below the data folder.

    Args:
        entry: which.
        mirror: an address that has the same files, instead of their own addresses.
        progress: told of each file.

    Returns:
        The files as downloaded.

    Raises:
        UsageError: for data that is brought by the user.
        DataError: says where to put which files when they cannot be downloaded.
    """
    if entry.own:
        raise UsageError(
            f"'{entry.name}' is data of your own: set data.path of a recipe to where it lies"
        )
    folder = data_root() / entry.name
    closed = [file.name for file in entry.originals if not file.urls]
    if not mirror and (closed or not (entry.originals or entry.made_of)):
        raise DataError(_by_hand(entry, closed, folder))
    parts = [registry.datasets.get(name) for name in entry.made_of]
    paths = [path for part in parts for path in get(part, mirror, progress)]
    for file in entry.originals:
        urls = [f"{mirror.rstrip('/')}/{file.name}"] if mirror else []
        try:
            paths.append(download(file, folder, urls, progress))
        except UnreachableError as error:
            raise DataError(f"{error.message}\n{_elsewhere(entry, folder)}") from error
        record(folder, [paths[-1]])
        progress.message(f"{file.name}: complete, {file.checksum.partition(':')[0] or 'no sum'} ok")
    unpack_all(entry, progress)
    return paths


def _elsewhere(entry: DatasetEntry, folder: Path) -> str:
    """What to do without a network: every file that is still missing, and where it goes."""
    absent = [file for file in entry.originals if not (folder / file.name).exists()]
    listed = "".join(f"\n    {' or '.join(file.urls) or file.name}" for file in absent)
    archives_ = any(file.contents or file.unpacks for file in absent)
    then = f"genkit data {'prepare' if archives_ else 'verify'} {entry.name}"
    return (
        f"  Without a network: fetch these on another machine{listed}\n  and put them, as they "
        f"are, into {folder}; then give: {then}"
    )


def _by_hand(entry: DatasetEntry, names: list[str], folder: Path) -> str:
    listed = ", ".join(names) or "its files as published"
    return (
        f"data set {entry.name} has no free download ({entry.licence}).\n"
        f"  Get it from {entry.homepage}\n"
        f"  and put {listed} into {folder},\n"
        f"  then give: genkit data prepare {entry.name}"
    )


def unpack_all(entry: DatasetEntry, progress: Progress = SILENT) -> list[Path]:
    """Unpacks archives that lie in the data set's folder and whose files are not there yet."""
    written: list[Path] = []
    for file in entry.originals:
        path = find(entry.name, file.name)
        if path is None or not (file.contents or file.unpacks):
            continue
        folder = path.parent
        absent = [name for name in _contents(path, file) if not (folder / name).is_file()]
        if absent:
            progress.message(f"unpacking {path}")
            found = archives.unpack(path, folder, absent)
            record(folder, found)
            written += found
    return written


def _contents(path: Path, file: DataFile) -> Sequence[str]:
    """What an archive unpacks to; of very many files, what it was recorded to have unpacked."""
    if file.contents:
        return file.contents
    done = archives.fitting(recorded(path.parent), file.unpacks)
    return done or archives.matching(path, file.unpacks)


def record(folder: Path, paths: list[Path]) -> None:
    """Writes checksums of files into `SHA256SUMS` of their folder."""
    sums = recorded(folder)
    for path in paths:
        sums[path.relative_to(folder).as_posix()] = digest(path, "sha256")
    text = "".join(f"{value}  {name}\n" for name, value in sorted(sums.items()))
    write_atomically(folder / SUMS, text.encode())


def recorded(folder: Path) -> dict[str, str]:
    """Name below `folder` -> SHA-256, as `record` wrote them."""
    path = folder / SUMS
    try:
        return dict(_recorded(path, path.stat().st_mtime_ns))
    except (OSError, UnicodeDecodeError):
        return {}


@lru_cache(8)
def _recorded(path: Path, changed: int) -> dict[str, str]:
    del changed
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines)
    return {pair[1].lstrip("*"): pair[0] for pair in pairs if len(pair) == 2}


# Preparing


def prepare(config: Any, progress: Progress = SILENT) -> Path | None:
    """Makes the data of a section ready: unpacks archives, and writes arrays that training can
    map into memory, where the data may not fit into it.

    Returns:
        The folder of the arrays, or None where none are needed.
    """
    entry = registry.datasets.get(config.name)
    unpack_all(entry, progress)
    if entry.blocks is None:
        load(config)
        return None
    writer = importlib.import_module(WRITERS[entry.kind])
    ready: Path | None = writer.folder(config)
    if ready is not None:
        progress.message(f"{config.name}: is prepared already")
        return ready
    folder: Path = writer.prepare(config, registry.resolve(entry.blocks)(config), progress)
    return folder


# Checking


@dataclass
class Verified:
    """What was found about one data set.

    Args:
        name: of the data set.
        files: name -> `ok`, `read` where no checksum is known, or what is wrong.
        splits: name -> number of items.
        seconds: name -> seconds, of recordings.
        notes: such as that it is a part.
        problem: why it could not be read; empty where it could.
    """

    name: str
    files: dict[str, str] = field(default_factory=dict)
    splits: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def fine(self) -> bool:
        return not self.problem and all(found in ("ok", "read") for found in self.files.values())


def verify(config: Any, progress: Progress = SILENT) -> Verified:
    """Compares all files of a data section with known checksums, and reads the data set."""
    entry = registry.datasets.get(config.name)
    found = Verified(entry.name)
    try:
        paths: Mapping[str, Path] = {}
        if entry.files is not None:
            paths = registry.resolve(entry.files)(config)
        progress.start(entry.name, len(paths), "files")
        for name, path in paths.items():
            found.files[name] = _compared(entry, name, path)
            progress.advance()
        progress.finish()
        dataset = load(config)
        found.splits = {name: len(split) for name, split in dataset.splits.items()}
        found.seconds = seconds_of(dataset)
        found.notes = dict(dataset.notes)
    except DataError as error:
        found.problem = error.message
    return found


def seconds_of(dataset: Any) -> dict[str, float]:
    """Split -> seconds, where its items last."""
    return {
        name: round(split.seconds, 3)
        for name, split in dataset.splits.items()
        if hasattr(split, "seconds")
    }


def _compared(entry: DatasetEntry, name: str, path: Path) -> str:
    expected = entry.checksums().get(name)
    if expected is not None:
        value = whole_checksum(path)
    else:
        known = _recorded_for(entry, path) or _as_published(entry, path)
        if known is None:
            return "read"
        kind, expected = known
        value = digest(path, kind)
    return "ok" if value == expected else f"differs: {value} instead of {expected}"


def _recorded_for(entry: DatasetEntry, path: Path) -> tuple[str, str] | None:
    for folder in (root / entry.name for root in roots()):
        if path.is_relative_to(folder):
            value = recorded(folder).get(path.relative_to(folder).as_posix())
            return None if value is None else ("sha256", value)
    return None


def _as_published(entry: DatasetEntry, path: Path) -> tuple[str, str] | None:
    for file in entry.originals:
        if file.name == path.name and file.checksum:
            kind, _, value = file.checksum.partition(":")
            return kind, value
    return None
