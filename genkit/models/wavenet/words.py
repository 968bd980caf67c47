"""What a user says of a recording, as arrays: speakers, tags, lengths and recordings to follow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from genkit.data.audio.dataset import TAGS
from genkit.data.audio.given import read_recording
from genkit.errors import UsageError, unknown
from genkit.family import Arrays
from genkit.models.wavenet.features import log_mel
from genkit.models.wavenet.sampling import LOCAL, VECTOR
from genkit.sampling.sequence.base import LENGTH

SECONDS, AUDIO, RECORDING = "seconds", "audio", "recording"
LONGEST = 24 * 3600.0  # seconds; a typing error should not ask for years


class Words:
    """Reads the conditions of one model.

    Args:
        config: the model's section. data: the data set's section.
        seconds: length of a recording that says none.
        recording: gives the PCM of `SPLIT:NUMBER` of the data set.
    """

    def __init__(
        self, config: Any, data: Any, seconds: float, recording: Callable[[str], np.ndarray]
    ) -> None:
        self.config, self.rate, self._recording = config, data.sample_rate, recording
        self.names = config.names(data)
        self.default = max(1, round(seconds * self.rate))

    def __call__(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """Arrays of a tile: `vector`, `length` and, for a local condition, `local`.

        What a row leaves open follows from its index, so that all values occur: the first
        attribute changes fastest. A row that names no tags has none.

        Raises:
            UsageError: for a condition or a value that the model does not have.
        """
        for row in rows:
            self._check(row)
        every = range(first_index, first_index + len(rows))
        arrays: Arrays = {}
        if self.names:
            vectors = [self._vector(row, index) for row, index in zip(rows, every, strict=True)]
            arrays[VECTOR] = np.stack(vectors)
        followed = [self._followed(row) for row in rows]
        pairs = zip(rows, followed, strict=True)
        length = [self._length(row, None if pcm is None else len(pcm)) for row, pcm in pairs]
        arrays[LENGTH] = np.array(length, np.int64)
        if self.config.local is not None:
            arrays[LOCAL] = self._local(followed, length)
        return arrays

    def _local(self, followed: Sequence[np.ndarray | None], length: Sequence[int]) -> np.ndarray:
        """Frames of a tile `(B, halo + F + halo, bands)`: those of what each row follows, cut or
        followed by silence to its own length; zeros around them, as in training."""
        local = self.config.local
        count = -(-max(length) // local.hop)
        whole = np.zeros((len(length), count + 2 * local.halo, local.bands), np.float32)
        for row, pcm, own in zip(whole, followed, length, strict=True):
            sound = np.zeros(own, np.int16)
            if pcm is not None:
                sound[: len(pcm)] = pcm[:own]
            frames = log_mel(sound, self.rate, local.hop, local.bands)
            row[local.halo : local.halo + len(frames)] = frames
        return whole

    def _check(self, row: Mapping[str, str]) -> None:
        followed = [] if self.config.local is None else [AUDIO, RECORDING]
        allowed = [*self.names, SECONDS, *followed]
        for key in row:
            if key not in allowed:
                raise UsageError(f"--condition: {unknown('condition', key, allowed)}")

    def _vector(self, row: Mapping[str, str], index: int) -> np.ndarray:
        parts = []
        for name, values in self.names.items():
            part = np.zeros(len(values), np.float32)
            if name == TAGS:
                for tag in filter(None, map(str.strip, re.split("[;,]", row.get(name, "")))):
                    part[self._number(name, tag)] = 1.0
            elif name in row:
                part[self._number(name, row[name])] = 1.0
            else:
                index, place = divmod(index, len(values))
                part[place] = 1.0
            parts.append(part)
        return np.concatenate(parts)

    def _number(self, name: str, value: str) -> int:
        values = self.names[name]
        if value not in values:
            raise UsageError(
                f"--condition {name}: {unknown('tag' if name == TAGS else name, value, values)}"
            )
        return values.index(value)

    def _length(self, row: Mapping[str, str], known: int | None) -> int:
        if SECONDS not in row:
            return self.default if known is None else known
        try:
            seconds = float(row[SECONDS])
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= LONGEST or round(seconds * self.rate) < 1:
            raise UsageError(
                f"--condition seconds: must be a length in seconds, up to {LONGEST:g}. "
                f"Received: {row[SECONDS]!r}"
            )
        return round(seconds * self.rate)

    def _followed(self, row: Mapping[str, str]) -> np.ndarray | None:
        """The recording whose local condition a row asks for; None for silence."""
        if AUDIO in row and RECORDING in row:
            raise UsageError("--condition: audio and recording do not go together; give one")
        if RECORDING in row:
            return self._recording(row[RECORDING])
        return read_recording(row[AUDIO], self.rate) if AUDIO in row else None


def vector_of(attributes: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]]) -> Any:
    """The global condition `(B, V)` float32 of attributes of recordings; None without names."""
    if not names:
        return None
    parts = []
    for name, values in names.items():
        given = np.asarray(attributes[name])
        whole = given if name == TAGS else np.eye(len(values))[given]
        parts.append(whole.astype(np.float32))
    return np.concatenate(parts, axis=1)
