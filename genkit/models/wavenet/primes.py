"""Recordings that a user hands over: to be scored, or to go on with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from genkit.data.audio.dataset import AudioSplit
from genkit.data.audio.given import read_recordings
from genkit.errors import UsageError
from genkit.family import Forced


def read(reference: str, recipe: Any, resample: bool) -> AudioSplit:
    """The recordings of a file or folder as a split without attributes.

    Args:
        resample: bring recordings of another rate to the model's; else refuse them.

    Raises:
        UsageError: if there is no such file or folder.
        DataError: names the file and what is wrong with it.
    """
    names, recordings = read_recordings(reference, recipe.data.sample_rate, resample)
    edges = np.cumsum([0, *(len(recording) for recording in recordings)]).astype(np.int64)
    return AudioSplit(np.concatenate(recordings), edges, {}, recipe.data.sample_rate, names)


def primes(split: AudioSplit, recipe: Any, keep: str | None) -> Forced:
    """Given codes of each recording, and what the recordings say of themselves.

    Args:
        keep: seconds at the beginning of each recording that are given. None: its end, as much
            as the model sees; what lies before it changes nothing of what follows.

    Raises:
        UsageError: if `keep` is no length, or longer than a recording; or if the model follows
            another recording, beside whose beginning an end would be wrong.
    """
    if keep is None and recipe.model.local is not None:
        raise UsageError(
            "this model follows a recording from its beginning on: --prime needs --keep with the "
            "seconds at the beginning that are given, such as 0.5"
        )
    count = None if keep is None else _samples(keep, split.sample_rate)
    reach, grid = recipe.model.reach(), recipe.model.grid
    parts = []
    for i in range(len(split)):
        sound = split.recording(i)
        if count is not None and len(sound) < count:
            raise UsageError(
                f"--keep {keep}: {split.names[i]} is only {len(sound) / split.sample_rate:g} s "
                "long; keep less, or give a longer recording"
            )
        codes = recipe.model.codec().encode(sound)
        # Frames of a context stack are counted from the beginning: the cut is between two.
        parts.append(
            codes[max(0, len(codes) - reach) // grid * grid :] if count is None else codes[:count]
        )
    longest = max(len(part) for part in parts)
    values, mask = np.zeros((2, len(parts), longest), np.int32)
    for i, part in enumerate(parts):
        values[i, : len(part)] = part
        mask[i, : len(part)] = 1
    return Forced(values, mask.astype(np.uint8))


def _samples(keep: str, rate: int) -> int:
    try:
        seconds = float(keep)
    except ValueError:
        seconds = math.nan
    if not seconds > 0 or not math.isfinite(seconds) or round(seconds * rate) < 1:
        raise UsageError(
            f"--keep takes the seconds at the beginning that are given, such as 0.5. "
            f"Received: {keep!r}"
        )
    return round(seconds * rate)
