"""Recordings that a user hands to `score` and `sample --prime`: a file or a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genkit.data.audio.sound import SUFFIXES, read_sound
from genkit.errors import DataError, UsageError


def read_recording(path: str | Path, sample_rate: int, resample: bool = True) -> np.ndarray:
    """A recording of any format that soundfile reads, channels averaged: `(T,)` int16.

    Args:
        path: a file.
        sample_rate: Hz that the model works at.
        resample: bring other rates to it; else refuse them.

    Raises:
        UsageError: if there is no such file.
        DataError: if it is not audio, has no audio samples or some that are no numbers, or has
            another rate and must not be resampled.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    sound = read_sound(path, sample_rate)
    if sound.source_rate != sample_rate and not resample:
        raise DataError(
            f"{path}: must have {sample_rate} Hz, as the model has. Received: "
            f"{sound.source_rate} Hz. Resample it first"
        )
    return sound.pcm


def read_recordings(
    path: str | Path, sample_rate: int, resample: bool = True
) -> tuple[list[str], list[np.ndarray]]:
    """Names and recordings of a file, or of a folder in the order of their names.

    Args:
        path: a file, or a folder; its sub-folders are not looked into.
        sample_rate, resample: as for `read_recording`.

    Raises:
        UsageError: if there is no such file or folder.
        DataError: as `read_recording`, or if there are no recordings in the folder.
    """
    path = Path(path)
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder, and no split of the data set")
    paths = [path]
    if path.is_dir():
        paths = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
        if not paths:
            raise DataError(
                f"{path}: no recordings in this folder (looked for {', '.join(SUFFIXES)})"
            )
    return [p.name for p in paths], [read_recording(p, sample_rate, resample) for p in paths]
