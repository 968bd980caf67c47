"""What a user says of a recording, as arrays: speakers, tags, lengths and what to follow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from genkit.data.audio.attributes import (
    attributes_in_words,
    attributes_of,
    vectors_in_words,
)
from genkit.errors import UsageError, unknown
from genkit.family import Arrays
from genkit.models.wavenet.following import Followed, Follower
from genkit.models.wavenet.sampling import LOCAL, VECTOR
from genkit.sampling.sequence.base import LENGTH

SECONDS = "seconds"
LONGEST = 24 * 3600.0  # seconds; a typing error should not ask for years


class Words:
    """Reads the conditions of one model.

    Args:
        config: the model's section. data: the data set's section.
        seconds: length of a recording that says none.
        follower: reads what is followed; None without a local condition.
    """

    def __init__(
        self, config: Any, data: Any, seconds: float, follower: Follower | None = None
    ) -> None:
        self.config, self.rate, self.follower = config, data.sample_rate, follower
        self.names = config.names(data)
        self.default = max(1, round(seconds * self.rate))

    def __call__(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """Arrays of a tile: `vector`, `length` and, for a local condition, `local`.

        Raises:
            UsageError: for a condition or a value that the model does not have.
        """
        for row in rows:
            self._check(row)
        every = range(first_index, first_index + len(rows))
        arrays: Arrays = {}
        if self.follower is not None:
            rows = [self.follower.completed(row) for row in rows]
        if self.names:
            arrays[VECTOR] = vectors_in_words(rows, every, self.names)
        followed = self._followed(rows, arrays)
        length = [self._length(row, own) for row, own in zip(rows, followed, strict=True)]
        arrays[LENGTH] = np.array(length, np.int64)
        if self.follower is not None:
            arrays[LOCAL] = self._local(self.follower, followed, length)
        return arrays

    def _followed(self, rows: Sequence[Mapping[str, str]], arrays: Arrays) -> list[Followed | None]:
        """What each row follows. It is told all attributes, those that it leaves open too."""
        if self.follower is None:
            return [None] * len(rows)
        known = attributes_of(arrays[VECTOR], self.names) if self.names else {}
        return [
            self.follower.follow({**attributes_in_words(known, i, self.names), **row})
            for i, row in enumerate(rows)
        ]

    def digest(self, rows: Sequence[Mapping[str, str]]) -> str | None:
        """Checksums of what rows refer to and their words do not tell; None for nothing."""
        found = [] if self.follower is None else [self.follower.digest(row) for row in rows]
        return ",".join(one or "" for one in found) if any(found) else None

    def _local(
        self, follower: Follower, followed: Sequence[Followed | None], length: Sequence[int]
    ) -> np.ndarray:
        """Frames of a tile `(B, halo + F + halo, width)`: those of what each row follows, cut or
        followed by silence to its own length; zeros around them, as in training."""
        local = self.config.local
        every = []
        for one, own in zip(followed, length, strict=True):
            count, given = -(-own // local.hop), 0 if one is None else len(one.frames)
            parts = [] if one is None else [one.frames[:count]]
            if given < count:
                parts.append(follower.silence(own)[given:])
            every.append(np.concatenate(parts))
        count = -(-max(length) // local.hop)
        whole = np.zeros((len(length), count + 2 * local.halo, every[0].shape[1]), np.float32)
        for row, frames in zip(whole, every, strict=True):
            row[local.halo : local.halo + len(frames)] = frames
        return whole

    def _check(self, row: Mapping[str, str]) -> None:
        followed = () if self.follower is None else self.follower.keys
        allowed = [*self.names, SECONDS, *followed]
        for key in row:
            if key not in allowed:
                raise UsageError(f"--condition: {unknown('condition', key, allowed)}")

    def _length(self, row: Mapping[str, str], followed: Followed | None) -> int:
        if SECONDS not in row:
            return self.default if followed is None else followed.length
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
