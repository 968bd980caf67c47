"""Images that may not fit into memory: read block by block, kept on the disk where prepared.

`genkit data prepare` writes them once as plain arrays, which training maps into memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genkit.data import prepared
from genkit.data.images.config import ProcessedConfig
from genkit.data.images.preprocessing import RawSplit
from genkit.data.prepared import FACTS
from genkit.errors import DataError
from genkit.files import read_json_object, write_json
from genkit.progress import SILENT, Progress

IN_MEMORY = 2 * 2**30  # bytes of all splits together; more has to be prepared
# What is done to images after they are read: the same prepared files serve all of it.
_LATER = ("levels", "binarization", "threshold", "flips")


@dataclass(frozen=True)
class Blocks:
    """Images of one split in the order of their files.

    Args:
        shape: `(N, H, W, C)`.
        labelled: whether there are labels.
        read: gives pairs of images `(n, H, W, C)` uint8 and labels `(n,)` or None, anew each
            time it is called, N images in all.
    """

    shape: tuple[int, int, int, int]
    labelled: bool
    read: Callable[[], Iterator[tuple[np.ndarray, np.ndarray | None]]]


def load(
    config: ProcessedConfig, splits: Callable[[], Mapping[str, Blocks]]
) -> dict[str, RawSplit]:
    """The splits: mapped from the disk where they are prepared, else read into memory.

    Args:
        config: the `data` section.
        splits: called where nothing is prepared.

    Raises:
        DataError: if they are too large for that.
    """
    ready = folder(config)
    if ready is not None:
        return _mapped(ready)
    blocks = splits()
    size = sum(int(np.prod(split.shape)) for split in blocks.values())
    if size > IN_MEMORY:
        raise DataError(
            f"data set {config.name}: its images take {size / 1e9:.1f} GB, more than the "
            f"{IN_MEMORY / 1e9:.1f} GB that are read into memory. Once: genkit data prepare "
            "RECIPE; it writes them below the data folder, and training maps them from there."
        )
    return {name: _in_memory(split) for name, split in blocks.items()}


def prepare(
    config: ProcessedConfig, splits: Mapping[str, Blocks], progress: Progress = SILENT
) -> Path:
    """Write the splits as arrays that can be mapped; returns their folder."""
    target = prepared.target(config, _LATER)
    target.mkdir(parents=True, exist_ok=True)
    for name, split in splits.items():
        progress.start(f"{config.name} {name}", split.shape[0], "images")
        path = target / f"{name}_images.npy"
        temporary = path.with_name(f".{path.name}.tmp")
        images = np.lib.format.open_memmap(temporary, "w+", np.dtype(np.uint8), split.shape)
        labels = _fill(images, split, progress)
        images.flush()
        del images
        os.replace(temporary, path)
        if labels is not None:
            np.save(target / f"{name}_labels.npy", labels, allow_pickle=False)
        progress.finish()
    facts = {name: [list(split.shape), split.labelled] for name, split in splits.items()}
    write_json(target / FACTS, {"splits": facts})  # last: it says that all the rest is there
    return target


def folder(config: ProcessedConfig) -> Path | None:
    """Where the splits of a section lie prepared; None where they do not."""
    return prepared.folder(config, _LATER)


def _mapped(folder: Path) -> dict[str, RawSplit]:
    try:
        facts: Any = read_json_object(folder / FACTS)["splits"]
        found = {}
        for name, (shape, labelled) in facts.items():
            images = np.load(folder / f"{name}_images.npy", mmap_mode="r", allow_pickle=False)
            if list(images.shape) != shape or images.dtype != np.uint8:
                raise ValueError(f"{name}_images.npy has shape {images.shape}, not {tuple(shape)}")
            labels = None
            if labelled:
                labels = np.load(folder / f"{name}_labels.npy", allow_pickle=False)
                if labels.shape != images.shape[:1]:
                    raise ValueError(f"{name}_labels.npy has shape {labels.shape}")
            found[name] = RawSplit(images, labels)
        return found
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise DataError(
            f"{folder}: what was prepared there is damaged ({error}). Remove the folder and "
            "prepare again."
        ) from error


def _in_memory(split: Blocks) -> RawSplit:
    images = np.empty(split.shape, np.uint8)
    return RawSplit(images, _fill(images, split, SILENT))


def _fill(target: np.ndarray, split: Blocks, progress: Progress) -> np.ndarray | None:
    """Writes all images into `target`; returns the labels."""
    labels = np.empty(split.shape[0], np.int64) if split.labelled else None
    start = 0
    for images, found in split.read():
        end = start + len(images)
        target[start:end] = images
        if labels is not None and found is not None:
            labels[start:end] = found
        start = end
        progress.advance(len(images))
    if start != split.shape[0]:
        raise DataError(f"{start} images were read; {split.shape[0]} are expected")
    return labels
