"""Clips that may not fit into memory: read block by block, kept on the disk where prepared.

`genkit data prepare` writes them once as plain arrays, which training maps into memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from genkit.data import prepared
from genkit.data.images.preprocessing import quantise
from genkit.data.lazy import Lazy
from genkit.data.prepared import FACTS
from genkit.data.video.config import VideosConfig
from genkit.data.video.dataset import VideoDataset, VideoSplit
from genkit.data.video.generated import notes
from genkit.errors import DataError
from genkit.files import read_json_object, write_json
from genkit.progress import SILENT, Progress

IN_MEMORY = 2 * 2**30  # bytes of all splits together; more has to be prepared
# What is done to clips after they are read: the same prepared files serve all of it.
_LATER = ("levels",)
CLIPS = "clips"

# Clips `(n, T, H, W, C)` uint8 of 256 levels, and name -> `(n, T, D)` float32 of each condition.
Block = tuple[np.ndarray, Mapping[str, np.ndarray]]


@dataclass
class Dropped:
    """What was left out while clips were read, by reason: how often, and the first of them."""

    found: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, reason: str, name: str) -> None:
        count, first = self.found.get(reason, (0, name))
        self.found[reason] = (count + 1, first)

    def notes(self) -> dict[str, str]:
        """Reason -> how many and which; to be said beside every likelihood."""
        return {why: f"{count}, such as {first}" for why, (count, first) in self.found.items()}


@dataclass(frozen=True)
class ClipBlocks:
    """Clips of one split in the order of their files.

    Args:
        count: how many there are, about.
        read: `read(dropped)` gives them block by block, anew each time it is called, and counts
            what it leaves out.
    """

    count: int
    read: Callable[[Dropped], Iterator[Block]]


def load(
    config: VideosConfig,
    splits: Callable[[], Mapping[str, ClipBlocks]],
    said: Mapping[str, str] | None = None,
) -> VideoDataset:
    """The data set: mapped from the disk where it is prepared, else read into memory.

    Args:
        config: the `data` section.
        splits: called where nothing is prepared.
        said: further notes.

    Raises:
        DataError: if it is too large for that, or a split is empty.
    """
    ready = folder(config)
    if ready is not None:
        arrays, dropped = _mapped(ready, config)
    else:
        blocks = splits()
        if sum(split.count for split in blocks.values()) * _clip_bytes(config) > IN_MEMORY:
            raise _too_large(config)
        lost = Dropped()
        arrays = {name: _in_memory(split, config, lost) for name, split in blocks.items()}
        dropped = lost.notes()
    found = {name: _split(name, config, *pair) for name, pair in arrays.items()}
    return VideoDataset(config.name, found, {**notes(config), **(said or {}), **dropped})


def prepare(
    config: VideosConfig, splits: Mapping[str, ClipBlocks], progress: Progress = SILENT
) -> Path:
    """Write the splits as arrays that can be mapped; returns their folder."""
    target = prepared.target(config, _LATER)
    target.mkdir(parents=True, exist_ok=True)
    dropped, counts = Dropped(), {}
    for name, split in splits.items():
        progress.start(f"{config.name} {name}", split.count, "clips")
        with ExitStack() as stack:
            clips, *conditions = [
                stack.enter_context(_Growing(target / f"{name}_{part}.npy", shape, dtype))
                for part, (shape, dtype) in _parts(config).items()
            ]
            for block, vectors in split.read(dropped):
                clips.append(block)
                for file, values in zip(conditions, vectors.values(), strict=True):
                    file.append(values)
                progress.advance(len(block))
            counts[name] = clips.rows
        progress.finish()
    facts = {"splits": counts, "dropped": dropped.notes()}
    write_json(target / FACTS, facts)  # last: it says that all the rest is there
    return target


def folder(config: VideosConfig) -> Path | None:
    """Where the splits of a section lie prepared; None where they do not."""
    return prepared.folder(config, _LATER)


class _Growing:
    """An npy file that grows along its first axis; it gets its name when it is whole."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: str) -> None:
        self.path, self.shape, self.dtype = path, shape, dtype
        self.rows = 0

    def append(self, rows: np.ndarray) -> None:
        self._file.write(np.ascontiguousarray(rows, self.dtype).tobytes())
        self.rows += len(rows)

    def _write_header(self) -> int:
        # NumPy leaves room in a header for a first axis of any length.
        header = {"descr": self.dtype, "fortran_order": False, "shape": (self.rows, *self.shape)}
        np.lib.format.write_array_header_1_0(self._file, header)
        return self._file.tell()

    def __enter__(self) -> _Growing:
        self._temporary = self.path.with_name(f".{self.path.name}.tmp")
        self._file = self._temporary.open("wb")
        self._start = self._write_header()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                if self._write_header() != self._start:
                    raise ValueError(f"{self.path}: no room for the header")
                self._file.flush()
                os.fsync(self._file.fileno())
        if kind is None:
            os.replace(self._temporary, self.path)
        else:
            self._temporary.unlink(missing_ok=True)


def _parts(config: VideosConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of a row of each array of a split; the clips first."""
    vectors = {
        name: ((config.frames, length), "<f4") for name, length in config.condition_shapes().items()
    }
    return {CLIPS: (config.video_shape(), "|u1"), **vectors}


def _clip_bytes(config: VideosConfig) -> int:
    return int(np.prod(config.video_shape()))


def _too_large(config: VideosConfig) -> DataError:
    return DataError(
        f"data set {config.name}: its clips take more than the {IN_MEMORY / 1e9:.1f} GB that are "
        "read into memory. Once: genkit data prepare RECIPE; it writes them below the data "
        "folder, and training maps them from there."
    )


def _in_memory(
    split: ClipBlocks, config: VideosConfig, dropped: Dropped
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    found: dict[str, list[np.ndarray]] = {name: [] for name in _parts(config)}
    size = 0
    for clips, vectors in split.read(dropped):
        found[CLIPS].append(clips)
        for name, values in vectors.items():
            found[name].append(values)
        size += clips.nbytes
        if size > IN_MEMORY:
            raise _too_large(config)
    empty = {name: np.empty((0, *shape), dtype) for name, (shape, dtype) in _parts(config).items()}
    whole = {name: np.concatenate([empty[name], *own]) for name, own in found.items()}
    return whole.pop(CLIPS), whole


def _mapped(folder: Path, config: VideosConfig) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        facts: Any = read_json_object(folder / FACTS)
        found = {}
        for split, count in facts["splits"].items():
            arrays = {}
            for part, (shape, dtype) in _parts(config).items():
                name = f"{split}_{part}.npy"
                array = np.load(folder / name, mmap_mode="r", allow_pickle=False)
                if array.shape != (count, *shape) or array.dtype != np.dtype(dtype):
                    raise ValueError(f"{name} has {array.dtype} {array.shape}")
                arrays[part] = array
            found[split] = (arrays.pop(CLIPS), arrays)
        return found, dict(facts["dropped"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise DataError(
            f"{folder}: what was prepared there is damaged ({error}). Remove the folder and "
            "prepare again."
        ) from error


def _split(
    name: str, config: VideosConfig, clips: np.ndarray, conditions: Mapping[str, np.ndarray]
) -> VideoSplit:
    if not len(clips):
        raise DataError(f"data set {config.name}: the split '{name}' would be empty")
    levels, seen = config.levels, clips
    if levels == 256:
        return VideoSplit(clips, conditions, config.level_count())
    if isinstance(clips, np.memmap):
        lazy = Lazy(clips.shape, np.uint8, lambda index: quantise(seen[index], levels))
        return VideoSplit(lazy, conditions, levels)
    return VideoSplit(quantise(clips, levels), conditions, levels)
