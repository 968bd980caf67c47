"""CIFAR-10 in its binary version: records of a label byte, 1024 red, 1024 green, 1024 blue.

A file that holds a part says so in its name, as `data_batch_1.first4000.bin`; a file of the
official name must have its 10,000 records. A data set of parts says so beside every result.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from genkit.data.images.config import Cifar10Config
from genkit.data.images.dataset import ImageDataset
from genkit.data.images.preprocessing import RawSplit, prepare_dataset
from genkit.data.places import PACKED, find, missing, roots
from genkit.data.reading import read_content
from genkit.errors import DataError

DATASET = "cifar10"
FOLDERS = ("cifar-10-batches-bin", "")
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = "test_batch.bin"
RECORDS = 10_000
VALUES = 32 * 32 * 3
RECORD = 1 + VALUES
_PART = re.compile(r"(data_batch_[1-5]|test_batch)\.([A-Za-z0-9_-]+)\.bin")
_FIRST = re.compile(r"first(\d+)")
_PICKLED = ("cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1", "test_batch")


def files(config: Cifar10Config) -> dict[str, Path]:
    """The six files by name, or, where they are not complete, parts of them.

    Raises:
        DataError: names what is missing; and the binary version where the pickled one lies.
    """
    del config
    whole = {name: find(DATASET, name, FOLDERS) for name in (*TRAIN, TEST)}
    found = {name: path for name, path in whole.items() if path is not None}
    if len(found) == len(whole):
        return found
    parts = _parts()
    if not parts:
        raise _missing([name for name in whole if name not in found])
    found.update(parts)
    if not any(name.startswith("test_batch") for name in found) or not any(
        name.startswith("data_batch") for name in found
    ):
        raise _missing([name for name in whole if name not in found])
    return dict(sorted(found.items()))


def _parts() -> dict[str, Path]:
    """Files that say in their names that they are parts, of the first folder that has any."""
    for folder in (root / DATASET / sub for root in roots() for sub in FOLDERS):
        if folder.is_dir():
            names = {p.name.removesuffix(PACKED): p for p in sorted(folder.iterdir())}
            found = {name: path for name, path in names.items() if _PART.fullmatch(name)}
            if found:
                return found
    return {}


def _missing(names: list[str]) -> DataError:
    for folder in (root / DATASET for root in roots()):
        for name in _PICKLED:
            if (folder / name).exists() or (folder / _PICKLED[0] / name).exists():
                return DataError(
                    f"{folder} holds the Python version of CIFAR-10, which is pickled: reading it "
                    "could run any program, so it is never read. Get the binary version: "
                    "genkit data get cifar10, or put cifar-10-binary.tar.gz there and give: "
                    "genkit data prepare cifar10"
                )
    return missing(DATASET, names)


def load(config: Cifar10Config) -> ImageDataset:
    """45,000 / 5,000 / 10,000 images, or of parts the same share for validation."""
    paths = files(config)
    read = {name: read_records(path, records_of(name)) for name, path in paths.items()}
    train = [pair for name, pair in read.items() if name.startswith("data_batch")]
    test = [pair for name, pair in read.items() if name.startswith("test_batch")]
    images, labels = (np.concatenate(arrays) for arrays in zip(*train, strict=True))
    test_images, test_labels = (np.concatenate(arrays) for arrays in zip(*test, strict=True))
    held_out = max(1, config.validation_count * len(images) // (len(TRAIN) * RECORDS))
    cut = len(images) - held_out
    raw = {
        "train": RawSplit(images[:cut], labels[:cut]),
        "validation": RawSplit(images[cut:], labels[cut:]),
        "test": RawSplit(test_images, test_labels),
    }
    notes = {}
    if set(paths) != {*TRAIN, TEST}:
        notes["part"] = (
            f"{len(images):,} of 50,000 training images ({held_out:,} of them for validation) and "
            f"{len(test_images):,} of 10,000 test images: not comparable with published figures"
        )
    return prepare_dataset(config, raw, notes)


def records_of(name: str) -> int | None:
    """How many records a file must have by its name; None for a part that does not tell."""
    part = _PART.fullmatch(name)
    if part is None:
        return RECORDS
    first = _FIRST.fullmatch(part[2])
    return int(first[1]) if first else None


def read_records(path: Path, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Images `(N, 32, 32, 3)` uint8 and labels `(N,)` int64 of a file of records.

    Args:
        path: packed by gzip or not.
        count: how many records there must be; None for any number up to 10,000.

    Raises:
        DataError: names the file and the byte or record that is wrong.
    """
    content = np.frombuffer(read_content(path, RECORDS * RECORD), np.uint8)
    records, rest = divmod(len(content), RECORD)
    if rest:
        raise DataError(
            f"{path}: ends within record {records}, at byte {len(content)}; a record has "
            f"{RECORD} bytes"
        )
    if records == 0 or records != (count or records):
        raise DataError(
            f"{path}: needs {count or 'some'} records. Received: {records}. (A part of a file "
            "says so in its name, such as data_batch_1.first4000.bin.)"
        )
    table = content.reshape(records, RECORD)
    labels = table[:, 0].astype(np.int64)
    wrong = np.flatnonzero(labels > 9)
    if len(wrong):
        raise DataError(
            f"{path}, record {wrong[0]}: its label must be 0 to 9. Received: {labels[wrong[0]]}"
        )
    planes = table[:, 1:].reshape(records, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels
