"""Omniglot: drawings of characters, 105x105 in two levels, read inside their zip archive.

Members are `images_background/Alphabet/character01/0001_01.png`; ink is 0 there and bright here.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from genkit.data.archives import read_member, zip_members
from genkit.data.images.config import OmniglotConfig
from genkit.data.images.dataset import ImageDataset
from genkit.data.images.pictures import read_picture
from genkit.data.images.preprocessing import RawSplit, prepare_dataset
from genkit.data.places import find, find_all
from genkit.errors import DataError

DATASET = "omniglot"
SIDE = 105
DRAWERS = 20
SPLITS = {"train": range(1, 17), "validation": range(17, 19), "test": range(19, 21)}
PARTS = ("background", "evaluation", "background_small1")
MAX_MEMBER = 2**16  # bytes of one drawing; the real ones have about 300
_DRAWING = re.compile(r"([^/]+)/([^/]+)/(character\d+)/\d+_(\d+)\.png")


def archive(config: OmniglotConfig) -> str:
    return f"images_{config.part}.zip"


def files(config: OmniglotConfig) -> dict[str, Path]:
    """The archive by name.

    Raises:
        DataError: says where to put it, and which other parts are there.
    """
    try:
        return find_all(DATASET, [archive(config)])
    except DataError as error:
        others = [part for part in PARTS if find(DATASET, f"images_{part}.zip")]
        if not others:
            raise
        raise DataError(f"{error.message}\n  There is data.part={others[0]}.") from None


def load(config: OmniglotConfig) -> ImageDataset:
    """Drawings 1-16 / 17-18 / 19-20 of every character; labels are characters in the order of
    alphabet and number."""
    path = files(config)[archive(config)]
    drawings, labels = read_drawings(path, config.class_count() or 0, config.size)
    raw = {}
    for split, drawers in SPLITS.items():
        chosen = drawings[:, drawers.start - 1 : drawers.stop - 1]
        images = chosen.reshape(-1, config.size, config.size, 1)
        raw[split] = RawSplit(images, np.repeat(labels, len(drawers)))
    return prepare_dataset(config, raw)


def read_drawings(path: Path, characters: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawings `(characters, 20, size, size)` uint8, ink bright, and labels `(characters,)`.

    Args:
        path: the archive.
        characters: how many there must be.
        size: 105, or smaller for averages over areas.

    Raises:
        DataError: names the archive and the member that is wrong or missing.
    """
    names = _drawings_by_character(path)
    if len(names) != characters:
        raise DataError(f"{path}: needs {characters} characters. Received: {len(names)}")
    drawings = np.empty((characters, DRAWERS, size, size), np.uint8)
    with zip_members(path) as members:
        for label, character in enumerate(sorted(names)):
            for drawer in range(1, DRAWERS + 1):
                if drawer not in names[character]:
                    raise DataError(f"{path}: {character} has no drawing {drawer}")
                member = names[character][drawer]
                packed = read_member(members, member, MAX_MEMBER)
                drawings[label, drawer - 1] = _ink(packed, f"{path}, {member}", size)
    return drawings, np.arange(characters, dtype=np.int64)


def _drawings_by_character(path: Path) -> dict[str, dict[int, str]]:
    """`Alphabet/character01` -> drawer -> member."""
    names: dict[str, dict[int, str]] = {}
    with zip_members(path) as members:
        for member in members.sizes:
            found = _DRAWING.fullmatch(member)
            if found is None or member.startswith("__MACOSX/"):
                continue
            drawings = names.setdefault(f"{found[2]}/{found[3]}", {})
            if int(found[4]) in drawings:
                raise DataError(f"{path}, {member}: drawing {int(found[4])} is there twice")
            drawings[int(found[4])] = member
    return names


def _ink(packed: bytes, name: str, size: int) -> np.ndarray:
    """One drawing `(size, size)` uint8: 255 is ink, between are shares of areas."""
    from PIL import Image

    pixels = 255 - read_picture(packed, name, (SIDE, SIDE, 1))[..., 0]
    if size == SIDE:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BOX))
