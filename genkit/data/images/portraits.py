"""Photographs of people, a folder each, split by person: `s1/1.pgm`, ... as in ORL faces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from genkit.data.images import blocks
from genkit.data.images.blocks import Blocks
from genkit.data.images.config import PortraitsConfig
from genkit.data.images.dataset import ImageDataset
from genkit.data.images.folder import read_pictures
from genkit.data.images.pictures import SUFFIXES
from genkit.data.images.preprocessing import prepare_dataset
from genkit.data.places import locate
from genkit.data.walking import files_below
from genkit.errors import DataError


@dataclass(frozen=True)
class People:
    """What is in the folder.

    Args:
        root: the folder.
        photographs: of each person, paths below `root`; people and photographs in natural order.
        unused: pictures that lie beside the folders of people, and files in those folders that
            are no pictures.
    """

    root: Path
    photographs: tuple[tuple[str, ...], ...]
    unused: tuple[str, ...]


def natural(name: str) -> tuple[list[int | str], str]:
    """Sort key of names whose numbers count as numbers: `s2` before `s10`."""
    parts = re.split(r"([0-9]+)", name)  # every second part is a number
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def people(config: PortraitsConfig) -> People:
    """The people and their photographs; names that begin with a dot are passed over.

    Raises:
        DataError: if there is no such folder, if it holds another number of people than the
            section says, or a person without photographs.
    """
    root = locate(config.path, "folder")
    files = files_below(root)
    names = sorted((p.name for p in root.iterdir() if _is_person(p)), key=natural)
    if len(names) != config.people:
        listed = ", ".join(names[:10]) or "none"
        raise DataError(
            f"{root}: data.people says {config.people}, there are {len(names)} folders of "
            f"people: {listed}{', ...' if len(names) > 10 else ''}"
        )
    found: dict[str, list[str]] = {name: [] for name in names}
    unused = []
    for file in files:
        person, _, photograph = file.partition("/")
        is_picture = file.lower().endswith(SUFFIXES)
        if photograph and is_picture:
            found[person].append(file)
        elif photograph or is_picture:  # a README beside the people is no surprise
            unused.append(file)
    for name, photographs in found.items():
        if not photographs:
            raise DataError(
                f"{root / name}: no photographs of this person (looked for {', '.join(SUFFIXES)})"
            )
    ordered = tuple(tuple(sorted(own, key=natural)) for own in found.values())
    return People(root, ordered, tuple(unused))


def files(config: PortraitsConfig) -> dict[str, Path]:
    """The photographs by name."""
    found = people(config)
    return {name: found.root / name for own in found.photographs for name in own}


def load(config: PortraitsConfig) -> ImageDataset:
    """Splits by person and, for validation, by photograph; labels are the people."""
    unused = people(config).unused
    notes = {}
    if unused:
        notes["no portraits"] = f"{len(unused)} files, such as {unused[0]}"
    return prepare_dataset(config, blocks.load(config, lambda: splits(config)), notes)


def splits(config: PortraitsConfig) -> Mapping[str, Blocks]:
    """The splits, to be read block by block."""
    found = people(config)
    labels = {name: i for i, own in enumerate(found.photographs) for name in own}
    by_split = _by_split(found, config)
    return {
        split: Blocks(
            (len(names), *config.image_shape()),
            True,
            partial(read_pictures, found.root, names, labels, config),
        )
        for split, names in by_split.items()
    }


def _is_person(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def _by_split(found: People, config: PortraitsConfig) -> dict[str, list[str]]:
    """Photographs of each split, person by person."""
    by_split: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for number, own in enumerate(found.photographs):
        if number % config.folds == config.fold:
            by_split["test"] += own
            continue
        kept = max(1, len(own) - config.validation_photos)
        by_split["train"] += own[:kept]
        by_split["validation"] += own[kept:]
    if not by_split["validation"]:
        raise DataError(
            f"{found.root}: nothing is left for validation, because every person in training has "
            "one photograph only. At least one of them needs two."
        )
    return by_split
