"""Long conditioned sound in pieces that are drawn side by side: an approximation, and quick.

A piece begins without a past, a twentieth of a second before the place where it takes over, and is
faded in there over the end of the piece before. Its local condition tells it where it is; whatever
else the model would know of the past is lost. As a batch, pieces cost little more than one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from genkit.artifacts import Audio
from genkit.data.audio.mulaw import decode, encode
from genkit.errors import UsageError
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.models.wavenet.generation import ENDLESS, attributes_of
from genkit.models.wavenet.sampling import LOCAL, VECTOR, WaveNetSequence
from genkit.sampling.sequence import STRETCH, make_generator
from genkit.sampling.sequence.base import LENGTH, position_noise

PIECES = 8  # of each recording that are drawn at once
OVERLAP = 0.05  # seconds
# Each piece of a recording has noise of its own, as if it lay so many positions further on.
APART = 2**28


class FoldedGenerator:
    """A `SoundGenerator` whose recordings are joined from pieces; one chunk is all of a tile.

    Args:
        view, sample_rate, length, names: as of a `WaveNetGenerator`.
        settings: with `fold`, the seconds of new sound in each piece.
    """

    chunks: int | None = 1

    def __init__(
        self,
        view: WaveNetSequence,
        settings: SampleSettings,
        sample_rate: int,
        length: int,
        names: Mapping[str, Sequence[str]],
    ) -> None:
        upsampling = view.network.upsampling
        if upsampling is None:
            raise UsageError(
                "--fold is for models with a local condition, whose pieces know where they are. "
                "This one has none: leave it out."
            )
        grid = view.grid
        self.overlap = max(1, round(OVERLAP * sample_rate / grid)) * grid
        self.step = round((settings.fold or 0.0) * sample_rate / grid) * grid
        if self.step <= self.overlap:
            raise UsageError(
                f"--fold must be more than {self.overlap / sample_rate:g} seconds, by which pieces "
                f"overlap. Received: {settings.fold:g}"
            )
        self.view, self.settings, self.names = view, settings, names
        self.sample_rate, self.length = sample_rate, length
        self.hop, self.halo = upsampling.hop, upsampling.halo
        rows = SampleSettings(
            settings.tile * PIECES, settings.temperature, settings.top_k, settings.top_p,
            settings.sampler,
        )  # fmt: skip
        self.inner = make_generator(view, rows, ENDLESS, STRETCH)

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """Arrays of a tile, see `genkit.models.wavenet.words`."""
        return self.view.conditions(rows, first_index)

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """Seed and sample indices `(1 + B,)`: the noise itself is made stretch by stretch."""
        return np.array([seed, *indices], np.int64)

    def begin(self, conditions: Arrays) -> Any:
        return {}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        if forced is not None:
            raise UsageError("--fold and --prime do not go together: pieces have no past")
        pieces = -(-int(np.max(conditions[LENGTH])) // self.step)
        seed, indices = int(noise[0]), [int(i) for i in noise[1:]]
        groups = [
            self._pieces(self._folded(conditions, first), seed, indices, first)
            for first in range(0, pieces, PIECES)
        ]
        codes, chances = (np.concatenate(parts, axis=1) for parts in zip(*groups, strict=True))
        pcm = self._joined(decode(codes, self.view.levels))
        own = chances[:, :, self.overlap :].reshape(len(chances), -1)
        chance = np.concatenate([chances[:, 0, : self.overlap], own], axis=1)
        extras = {name: array for name, array in conditions.items() if name != LOCAL}
        values = encode(pcm, self.view.levels)
        return Chunk(values, chance[:, : pcm.shape[1]], {}, True, {**extras, "pcm": pcm})

    def _folded(self, conditions: Arrays, first: int) -> Arrays:
        """Conditions of the pieces from `first` on, those of a recording side by side."""
        lead, stride = self.overlap // self.hop, self.step // self.hop
        count = stride + lead + 2 * self.halo
        frames, tile = conditions[LOCAL], self.settings.tile
        padded = np.pad(frames, ((0, 0), (lead, (first + PIECES) * stride + count), (0, 0)))
        parts = []
        for piece in range(first, first + PIECES):
            # The very first piece has nothing before it; it only is longer than it needs to be.
            begin = piece * stride if piece else lead
            parts.append(padded[:, begin : begin + count])
        stacked = np.stack(parts, axis=1)
        length = np.full(tile * PIECES, self.step + self.overlap, np.int64)
        found: Arrays = {LOCAL: stacked.reshape(-1, *stacked.shape[2:]), LENGTH: length}
        if VECTOR in conditions:
            found[VECTOR] = np.repeat(conditions[VECTOR], PIECES, axis=0)
        return found

    def _pieces(
        self, folded: Arrays, seed: int, indices: Sequence[int], first: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Codes and log-probabilities `(B, PIECES, step + overlap)`."""
        state, done, number = self.inner.begin(folded), False, 0
        drawn, chances = [], []
        while not done:
            start, stop = (n * self.inner.stretch for n in (number, number + 1))
            places = [(i, (first + k) * APART) for i in indices for k in range(PIECES)]
            noise = np.stack([position_noise(seed, i, at + start, at + stop) for i, at in places])
            chunk = self.inner.advance(state, noise, None, folded)
            state, done, number = chunk.state, chunk.done, number + 1
            drawn.append(np.asarray(chunk.values))
            chances.append(np.asarray(chunk.log_prob))
        shape = (len(indices), PIECES, -1)
        codes, chance = (np.concatenate(part, axis=1).reshape(shape) for part in (drawn, chances))
        return codes, chance

    def _joined(self, sound: np.ndarray) -> np.ndarray:
        """Pieces `(B, K, step + overlap)`, each faded over the end of the one before: PCM
        `(B, K * step)`."""
        overlap, step, count = self.overlap, self.step, sound.shape[1]
        whole = np.zeros((len(sound), count * step + overlap), np.float64)
        whole[:, : step + overlap] = sound[:, 0]
        # Different noise: powers add up, not amplitudes.
        rise = np.sin(0.5 * np.pi * (np.arange(overlap) + 0.5) / overlap)
        for piece in range(1, count):
            begin = piece * step - overlap
            faded = whole[:, begin : begin + overlap] * rise[::-1]
            whole[:, begin : begin + overlap] = faded + sound[:, piece, :overlap] * rise
            whole[:, begin + overlap : begin + overlap + step] = sound[:, piece, overlap:]
        scaled = np.rint(whole[:, : count * step] * 32768.0)
        return np.clip(scaled, -32768, 32767).astype(np.int16)

    def pcm(self, chunk: Chunk, row: int) -> np.ndarray:
        """The whole recording, `(T,)` int16."""
        own: np.ndarray = chunk.extras["pcm"][row, : int(chunk.extras[LENGTH][row])]
        return own

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> Sequence[Audio]:
        """The recordings. Their log-probabilities are those of the pieces, not of the model."""
        (chunk,) = chunks
        count = len(indices)
        recordings = [self.pcm(chunk, row) for row in range(count)]
        total = [
            float(np.sum(chunk.log_prob[row, : len(recording)], dtype=np.float64))
            for row, recording in enumerate(recordings)
        ]
        vector = chunk.extras.get(VECTOR)
        asked = {} if vector is None else attributes_of(vector[:count], self.names)
        return [Audio.of(recordings, np.array(total), indices, self.sample_rate, asked)]
