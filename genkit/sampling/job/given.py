"""What pictures show of given images, in a file beside the parts: merging needs no run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from genkit.artifacts import Given
from genkit.artifacts.npz import npz_bytes, read_npz
from genkit.errors import DataError
from genkit.files import fsync_directory, write_synced

GIVEN = "given.npz"
SETTINGS = "settings"


def write_given(folder: Path, given: Given, settings: str) -> None:
    """Write the file where it is missing or cannot be used; shards may do so at the same time.

    Args:
        settings: digest of the job's.
    """
    if read_given([folder], settings) is not None:
        return
    data = npz_bytes({**asdict(given), SETTINGS: np.array(settings)})
    own = folder / f".{GIVEN}.{os.getpid()}-{os.urandom(4).hex()}"
    try:
        write_synced(own, data)
        os.replace(own, folder / GIVEN)
    finally:
        own.unlink(missing_ok=True)
    fsync_directory(folder)


def read_given(folders: Sequence[Path], settings: str) -> Given | None:
    """From the first folder that has the whole file of this job; None where none has."""
    for folder in folders:
        try:
            arrays = read_npz(folder / GIVEN)
            if str(arrays.pop(SETTINGS)) == settings:
                return Given(**arrays)
        except (DataError, KeyError, TypeError):
            continue
    return None
