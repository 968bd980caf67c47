"""A folder of pictures: your own images, without code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from genkit.data.images import blocks
from genkit.data.images.blocks import Blocks
from genkit.data.images.config import FolderConfig, ResizedConfig
from genkit.data.images.dataset import ImageDataset
from genkit.data.images.own import split_by_permutation
from genkit.data.images.pictures import SUFFIXES, read_picture
from genkit.data.images.preprocessing import prepare_dataset
from genkit.data.places import locate
from genkit.data.walking import files_below
from genkit.errors import DataError

SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test", "testing"),
}
_AT_ONCE = 64


@dataclass(frozen=True)
class Listing:
    """Pictures of a folder.

    Args:
        root: the folder.
        pictures: paths below it, in the order of their names.
        others: files that are no pictures.
    """

    root: Path
    pictures: tuple[str, ...]
    others: tuple[str, ...]


def listing(config: FolderConfig) -> Listing:
    """What is in the folder; names that begin with a dot are passed over.

    Raises:
        DataError: if there is no such folder, no picture in it, or a sub-folder that cannot be
            read.
    """
    root = locate(config.path, "folder")
    found = files_below(root)
    pictures = [name for name in found if name.lower().endswith(SUFFIXES)]
    others = [name for name in found if not name.lower().endswith(SUFFIXES)]
    if not pictures:
        raise DataError(f"{root}: no pictures in this folder (looked for {', '.join(SUFFIXES)})")
    return Listing(root, tuple(pictures), tuple(others))


def files(config: FolderConfig) -> dict[str, Path]:
    """The pictures by name."""
    found = listing(config)
    return {name: found.root / name for name in found.pictures}


def load(config: FolderConfig) -> ImageDataset:
    """Splits by sub-folder, or by a fixed permutation of all pictures."""
    found = listing(config)
    notes = {}
    if found.others:
        notes["no pictures"] = f"{len(found.others)} files, such as {found.others[0]}"
    return prepare_dataset(config, blocks.load(config, lambda: splits(config)), notes)


def splits(config: FolderConfig) -> Mapping[str, Blocks]:
    """The splits, to be read block by block."""
    found = listing(config)
    by_split = _by_split(found, config)
    labels = _labels(found, by_split, config)
    return {
        split: Blocks(
            (len(names), *config.image_shape()),
            labels is not None,
            partial(read_pictures, found.root, names, labels, config),
        )
        for split, names in by_split.items()
    }


def _by_split(found: Listing, config: FolderConfig) -> dict[str, list[str]]:
    """Pictures of each split."""
    tops = {name.split("/")[0] for name in found.pictures if "/" in name}
    folders = {
        split: next((name for name in names if name in tops), None)
        for split, names in SPLIT_NAMES.items()
    }
    if folders["train"] is None or folders["test"] is None:
        return split_by_permutation(list(found.pictures), config)
    chosen = {
        split: [name for name in found.pictures if name.startswith(f"{folder}/")]
        for split, folder in folders.items()
        if folder is not None
    }
    left = sorted(set(found.pictures).difference(*chosen.values()))
    if left:
        raise DataError(
            f"{found.root}: has sub-folders for splits, but {left[0]} and {len(left) - 1} more "
            "pictures are in none of them. Move them, or remove them."
        )
    if "validation" not in chosen:
        share = config.validation_share
        parts = split_by_permutation(chosen["train"], config, {"validation": share})
        chosen.update(parts)
    return chosen


def _labels(
    found: Listing, by_split: Mapping[str, Sequence[str]], config: FolderConfig
) -> dict[str, int] | None:
    """Picture -> class, where there are classes."""
    if config.classes is None:
        return None
    splits_in_path = {s for names in SPLIT_NAMES.values() for s in names}
    tops = {name.split("/")[0] for name in found.pictures}
    depth = 1 if tops <= splits_in_path else 0
    folders = {}
    for names in by_split.values():
        for name in names:
            parts = name.split("/")
            if len(parts) < depth + 2:
                raise DataError(
                    f"{found.root}: with classes, every picture lies in the sub-folder of its "
                    f"class. Received: {name}"
                )
            folders[name] = parts[depth]
    classes = sorted(set(folders.values()))
    if len(classes) != config.classes:
        raise DataError(
            f"{found.root}: data.classes says {config.classes}, there are {len(classes)} "
            f"sub-folders: {', '.join(classes[:10])}{', ...' if len(classes) > 10 else ''}"
        )
    number = {name: index for index, name in enumerate(classes)}
    return {name: number[folder] for name, folder in folders.items()}


def read_pictures(
    root: Path, names: Sequence[str], labels: Mapping[str, int] | None, config: ResizedConfig
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Pictures `names` below `root` with their labels, brought to one size, block by block."""
    shape = config.image_shape()
    for start in range(0, len(names), _AT_ONCE):
        chosen = names[start : start + _AT_ONCE]
        images = np.stack(
            [
                read_picture(root / name, str(root / name), shape, config.fit, config.resample)
                for name in chosen
            ]
        )
        found = None if labels is None else np.array([labels[name] for name in chosen], np.int64)
        yield images, found
