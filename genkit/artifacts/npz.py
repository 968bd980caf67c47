"""Arrays in npz files, read with care: no objects, bounded size."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from genkit.errors import DataError

MAX_NPZ_BYTES = 8 * 2**30


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Compressed npz; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **dict(arrays))
    return buffer.getvalue()


def read_npz(path: Path, limit: int = MAX_NPZ_BYTES) -> dict[str, np.ndarray]:
    """Arrays of an npz file; objects are refused and the unpacked size is bounded.

    Raises:
        DataError: names the file and what is wrong with it.
    """
    import zipfile
    import zlib

    # RuntimeError: encrypted, or packed by a method that is not there.
    broken = (zipfile.BadZipFile, zlib.error, RuntimeError, MemoryError, OverflowError)
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > limit:
            raise DataError(f"{path}: unpacks to {size} bytes; the limit is {limit}")
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError, KeyError, *broken) as error:
        raise DataError(f"{path}: not a readable npz file ({error})") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # NumPy hands out what is no array as bytes
            raise DataError(f"{path}: not a readable npz file ('{name}' is no array)")
    return arrays
