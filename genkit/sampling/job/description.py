"""What a sampling job is: which samples, under which settings, in which tiles and shards."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from genkit.artifacts import Given
from genkit.errors import UsageError
from genkit.family import Forced, Generator, SoundGenerator
from genkit.sampling.conditions import digest as conditions_digest

FORMAT = 2
# So many given items, and samples of each, are kept for pictures.
SHOWN = 16

Stop = Callable[[], int | None]
_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """Share `number` (from 0) `of` so many shares of a job."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """From `I/N`.

        Raises:
            UsageError: if it is no shard.
        """
        found = _SHARD.fullmatch(text)
        if found is None:
            raise UsageError(
                f"--shard takes I/N, such as 0/4 for the first of four. Received: '{text}'"
            )
        shard = cls(int(found[1]), int(found[2]))
        if shard.number >= shard.of:
            last = f"0 to {shard.of - 1}" if shard.of else "and at least one is needed"
            raise UsageError(f"--shard: shards are counted from 0, {last}. Received: '{text}'")
        return shard

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def stem(self) -> str:
        """For file names."""
        return f"{self.number}-of-{self.of}"


@dataclass(frozen=True)
class Tiles:
    """A job of `count` samples, `size` at a time; the last tile may be short."""

    count: int
    size: int

    def __len__(self) -> int:
        return -(-self.count // self.size)

    def __getitem__(self, number: int) -> range:
        """The samples of tile `number`."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        return range(number * self.size, min((number + 1) * self.size, self.count))

    def of(self, shard: Shard | None) -> range:
        """Numbers of a shard's tiles: tile t belongs to shard t modulo the number of shards."""
        return range(shard.number, len(self), shard.of) if shard else range(len(self))

    def samples(self, shard: Shard | None) -> int:
        """How many samples a shard has."""
        own = self.of(shard)
        missing = len(self) * self.size - self.count if len(self) - 1 in own else 0
        return len(own) * self.size - missing


@dataclass(frozen=True)
class Job:
    """What to draw.

    Args:
        count: number of samples.
        seed: of the noise.
        conditions: what the user wrote for each sample: its length is 1 (the same for all) or
            `count`.
        primes: given values and mask, see `prime`. None for none.
        completions: so many consecutive samples complete the same given item.
        identity: whatever else the samples depend on: family, run, checkpoint.
        fingerprint: what their bits depend on beside that: backend, versions, machine.
        in_flight: how many tiles are computed at once. Samples do not depend on it.
        shard: the share to draw; None for all.
    """

    count: int
    seed: int
    conditions: Sequence[Mapping[str, str]] = ({},)
    primes: Forced | None = None
    completions: int = 1
    identity: Mapping[str, Any] | None = None
    fingerprint: Mapping[str, Any] | None = None
    in_flight: int = 1
    shard: Shard | None = None

    def settings(self, generator: Generator) -> dict[str, Any]:
        """All that decides the samples, as plain JSON values."""
        chosen = generator.settings
        return {
            "format": FORMAT,
            "count": self.count,
            "seed": self.seed,
            "tile": chosen.tile,
            "temperature": chosen.temperature,
            "top_k": chosen.top_k,
            "top_p": chosen.top_p,
            "sampler": chosen.sampler,
            "conditions": [dict(self.conditions[0])]
            if len(self.conditions) == 1
            else conditions_digest(self.conditions),
            "primes": self._primes_digest,
            **({"completions": self.completions} if self.completions != 1 else {}),
            **_sound_settings(generator),
            **(self.identity or {}),
        }

    def tile(self, indices: range, size: int) -> tuple[list[Mapping[str, str]], Forced | None]:
        """Conditions and given values of a tile. A short one is filled with what further samples
        would have, so that it is computed as the same tile of a larger job is."""
        whole = range(indices.start, indices.start + size)
        return self.rows(whole), self.forced(whole)

    def rows(self, indices: range) -> list[Mapping[str, str]]:
        """Conditions of some samples; what the user wrote wins over what primes say."""
        asked = [self.conditions[i % len(self.conditions)] for i in indices]
        own = self.primes.conditions if self.primes is not None else ()
        if not own:
            return asked
        return [{**own[self.prime(i)], **row} for i, row in zip(indices, asked, strict=True)]

    def forced(self, indices: range) -> Forced | None:
        """Given values of some samples."""
        if self.primes is None:
            return None
        chosen = [self.prime(i) for i in indices]
        return Forced(self.primes.values[chosen], self.primes.mask[chosen])

    def prime(self, sample: int) -> int:
        """Which given item a sample completes: one after the other, and again from the first."""
        return sample // self.completions % len(self.primes.values) if self.primes else 0

    def given(self, generator: Generator) -> Given | None:
        """What pictures show of given items: the first ones, and the first samples of each. Of
        sound there are none."""
        if self.primes is None or isinstance(generator, SoundGenerator):
            return None
        count = min(len(self.primes.values), SHOWN)
        samples = np.full((count, SHOWN), -1, np.int64)
        for row in range(count):
            own = list(islice(self._completing(row), SHOWN))
            samples[row, : len(own)] = own
        return Given(self.primes.values[:count], self.primes.mask[:count], samples)

    def _completing(self, prime: int) -> Iterator[int]:
        """Samples that complete a given item."""
        if self.primes is None:
            return
        step = len(self.primes.values) * self.completions
        for first in range(prime * self.completions, self.count, step):
            yield from range(first, min(first + self.completions, self.count))

    @cached_property
    def _primes_digest(self) -> str | None:
        if self.primes is None:
            return None
        found = hashlib.sha256()
        for piece in _pieces(self.primes):
            found.update(piece)
        return found.hexdigest()


def _sound_settings(generator: Generator) -> dict[str, Any]:
    if not isinstance(generator, SoundGenerator):
        return {}
    return {"seconds": generator.settings.seconds, "fold": generator.settings.fold}


def _pieces(primes: Forced) -> Iterator[bytes]:
    """All that primes are, an item at a time: they may be views that are small as such."""
    for array in (primes.values, primes.mask):
        yield f"{array.dtype.str}{array.shape}".encode()
        for item in array:
            yield np.ascontiguousarray(item).tobytes()
    for row in primes.conditions:
        yield (json.dumps(dict(row), sort_keys=True) + "\n").encode()
