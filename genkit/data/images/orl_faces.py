"""The AT&T (ORL) database of faces: `s1/1.pgm` to `s40/10.pgm`, grey, 112x92.

Photographs of real people: here they only test conditioning on a person.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genkit.data.images.config import OrlFacesConfig
from genkit.data.images.dataset import ImageDataset
from genkit.data.images.pictures import open_picture, read_picture
from genkit.data.images.preprocessing import RawSplit, prepare_dataset
from genkit.data.places import find_all
from genkit.errors import DataError

DATASET = "orl_faces"
PEOPLE, PORTRAITS = 40, 10
SPLITS = {"train": range(1, 8), "validation": range(8, 9), "test": range(9, 11)}
HEIGHT, WIDTH = 112, 92


def _name(person: int, portrait: int) -> str:
    return f"s{person}/{portrait}.pgm"


def files(config: OrlFacesConfig) -> dict[str, Path]:
    """The 400 files by name."""
    del config
    people, portraits = range(1, PEOPLE + 1), range(1, PORTRAITS + 1)
    return find_all(DATASET, [_name(p, i) for p in people for i in portraits])


def load(config: OrlFacesConfig) -> ImageDataset:
    """Portraits 1-7 / 8 / 9-10 of every person; labels 0 to 39 are the people."""
    paths = files(config)
    raw = {}
    for split, portraits in SPLITS.items():
        pairs = [(p, paths[_name(p + 1, i)]) for p in range(PEOPLE) for i in portraits]
        images = np.stack([_portrait(path, config) for _, path in pairs])
        raw[split] = RawSplit(images, np.array([person for person, _ in pairs], np.int64))
    return prepare_dataset(config, raw)


def _portrait(path: Path, config: OrlFacesConfig) -> np.ndarray:
    with open_picture(path, str(path)) as opened:
        size = (opened.height, opened.width)
    if size != (HEIGHT, WIDTH):
        raise DataError(
            f"{path}: a portrait is {HEIGHT}x{WIDTH} (height x width). Received: "
            f"{size[0]}x{size[1]}"
        )
    return read_picture(path, str(path), config.image_shape(), config.fit, config.resample)
