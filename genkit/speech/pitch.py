"""Log-F0 and voicing of recordings, kept so that they are found once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from genkit.artifacts.npz import npz_bytes, read_npz
from genkit.data.audio.dataset import AudioSplit
from genkit.data.places import data_root
from genkit.errors import DataError
from genkit.files import write_bytes
from genkit.metrics.speech.contours import Contour, log_f0
from genkit.progress import SILENT, Progress
from genkit.run.metadata import usable_cpus

VERSION = 1  # of how contours are found; another one finds them anew
_MANY = 60.0  # seconds of sound; less is worth neither a file nor processes of their own
_CENTRE, _SPREAD = 5.2, 0.4  # of natural logarithms of Hz, so that networks see about -2 to 2


def standardised(log_hertz: np.ndarray) -> np.ndarray:
    """Log-F0 in the scale of networks, float32."""
    return ((log_hertz - _CENTRE) / _SPREAD).astype(np.float32)


def log_hertz_of(values: np.ndarray) -> np.ndarray:
    """Natural logarithms of Hz of values in the scale of networks."""
    return values.astype(np.float64) * _SPREAD + _CENTRE


def contours(split: AudioSplit, hop: int, progress: Progress = SILENT) -> list[Contour]:
    """Log-F0 (natural logarithm of Hz, gaps filled) and voicing of each recording of a split.

    Those of a minute and more are kept below the data folder where that can be written.

    Args:
        split: the recordings. hop: audio samples of a frame; frame f is centred on its own.

    Returns:
        One a recording, F = ceil(T / hop).
    """
    if split.seconds < _MANY:
        return _find(split, hop, progress)
    path = data_root() / "pitch" / f"{_digest(split, hop)}.npz"
    counts = -(-np.diff(split.edges) // hop)
    kept = _read(path, counts)
    if kept is not None:
        return kept
    found = _find(split, hop, progress)
    _keep(path, found)
    return found


def _find(split: AudioSplit, hop: int, progress: Progress) -> list[Contour]:
    one = partial(log_f0, sample_rate=split.sample_rate, hop=hop)
    sounds = (split.recording(i) for i in range(len(split)))
    progress.start("pitch", len(split), "recordings")
    found = []
    if split.seconds < _MANY:
        for sound in sounds:
            found.append(one(sound))
            progress.advance()
    else:
        with ProcessPoolExecutor(usable_cpus(), get_context("spawn")) as pool:
            for contour in pool.map(one, sounds, chunksize=8):
                found.append(contour)
                progress.advance()
    progress.finish()
    return found


def _digest(split: AudioSplit, hop: int) -> str:
    digest = hashlib.sha256(f"{VERSION} {split.sample_rate} {hop}".encode())
    digest.update(np.ascontiguousarray(split.edges).tobytes())
    for i in range(len(split)):
        digest.update(np.ascontiguousarray(split.recording(i)).tobytes())
    return digest.hexdigest()[:32]


def _read(path: Path, counts: np.ndarray) -> list[Contour] | None:
    """What is kept of recordings of so many frames `(N,)`; None where nothing is, or what is there
    is damaged."""
    if not path.is_file():
        return None
    try:
        arrays = read_npz(path)
        log_hertz, voiced = arrays["log_f0"], arrays["voiced"]
    except (DataError, OSError, KeyError):
        return None
    if not log_hertz.shape == voiced.shape == (counts.sum(),):
        return None
    cuts = np.cumsum(counts)[:-1]
    pairs = zip(np.split(log_hertz, cuts), np.split(voiced, cuts), strict=True)
    return [Contour(values, flags) for values, flags in pairs]


def _keep(path: Path, found: Sequence[Contour]) -> None:
    """Keep contours. Two processes that do so at once write the same bytes; a part of them that a
    third one sees does not count."""
    arrays = {
        "log_f0": np.concatenate([contour.log_f0 for contour in found]),
        "voiced": np.concatenate([contour.voiced for contour in found]),
    }
    with suppress(OSError):  # a data folder that is not ours to write in
        write_bytes(path, npz_bytes(arrays))
