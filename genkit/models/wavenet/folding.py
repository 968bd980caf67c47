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
from genkit.data.audio.codec import Codec
from genkit.data.audio.mulaw import pcm_of
from genkit.errors import UsageError
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.models.wavenet.generation import ENDLESS, RecordingGenerator
from genkit.models.wavenet.sampling import LOCAL, VECTOR, WaveNetSequence
from genkit.sampling.sequence import STRETCH, make_generator
from genkit.sampling.sequence.base import LENGTH, position_noise

PIECES = 8  # of each recording that are drawn at once
OVERLAP = 0.05  # seconds
# Each piece of a recording has noise of its own, as if it lay so many positions further on.
APART = 2**28


class FoldedGenerator(RecordingGenerator):
    """A `SoundGenerator` whose recordings are joined from pieces; a chunk is a group of them.

    The end of a group, which the next one fades out, waits in the state.

    Args:
        view, sample_rate, length, names, codec: as of a `WaveNetGenerator`.
        settings: with `fold`, the seconds of new sound in each piece.
    """

    def __init__(
        self,
        view: WaveNetSequence,
        settings: SampleSettings,
        sample_rate: int,
        length: int,
        names: Mapping[str, Sequence[str]],
        codec: Codec,
    ) -> None:
        super().__init__(view, settings, sample_rate, length, names, codec)
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
        self.hop, self.halo = upsampling.hop, upsampling.halo
        rows = SampleSettings(
            settings.tile * PIECES, settings.temperature, settings.top_k, settings.top_p,
            settings.sampler,
        )  # fmt: skip
        self.inner = make_generator(view, rows, ENDLESS, STRETCH)
        self.chunks: int | None = -(-length // (PIECES * self.step))

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """Seed and sample indices `(1 + B,)`: the noise itself is made stretch by stretch."""
        return np.array([seed, *indices], np.int64)

    def begin(self, conditions: Arrays) -> Any:
        nothing = np.zeros((self.settings.tile, 0))
        return {"first": 0, "sound": nothing, "chance": nothing}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        if forced is not None:
            raise UsageError("--fold and --prime do not go together: pieces have no past")
        first, longest = state["first"], int(np.max(conditions[LENGTH]))
        seed, indices = int(noise[0]), [int(i) for i in noise[1:]]
        codes, chances = self._pieces(self._folded(conditions, first), seed, indices, first)
        sound = self._joined(self.codec.decode(codes), state["sound"])
        chance = np.concatenate([state["chance"], self._own(chances, first)], axis=1)
        following = first + PIECES
        done = following * self.step >= longest
        ready = sound.shape[1] - (0 if done else self.overlap)
        rest = {"sound": sound[:, ready:], "chance": chance[:, ready:]}
        pcm = pcm_of(sound[:, :ready])
        extras = {name: array for name, array in conditions.items() if name != LOCAL}
        start = first * self.step - state["sound"].shape[1]
        return Chunk(
            self.codec.encode(pcm),
            chance[:, :ready],
            {"first": following, **rest},
            done,
            {**extras, "pcm": pcm, "start": start},
        )

    def _own(self, chances: np.ndarray, first: int) -> np.ndarray:
        """Of each piece the `step` values that are its own, side by side."""
        parts = chances[:, :, self.overlap :].copy()
        if first == 0:  # the very first one begins with its own
            parts[:, 0] = chances[:, 0, : self.step]
        own: np.ndarray = parts.reshape(len(parts), -1)
        return own

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

    def _joined(self, sound: np.ndarray, before: np.ndarray) -> np.ndarray:
        """A group of pieces `(B, PIECES, step + overlap)`, each faded over the end of the one
        before.

        Args:
            before: the end of the last group, `(B, overlap)`; empty before the first one.

        Returns:
            `(B, before + PIECES * step)` floats.
        """
        overlap, step = self.overlap, self.step
        # Different noise: powers add up, not amplitudes.
        rise = np.sin(0.5 * np.pi * (np.arange(overlap) + 0.5) / overlap)
        whole = np.asarray(before, np.float64)
        for piece in range(sound.shape[1]):
            if not whole.shape[1]:
                whole = sound[:, piece, :step].astype(np.float64)
                continue
            faded = whole[:, -overlap:] * rise[::-1] + sound[:, piece, :overlap] * rise
            whole = np.concatenate([whole[:, :-overlap], faded, sound[:, piece, overlap:]], axis=1)
        return whole

    def pcm(self, chunk: Chunk, row: int) -> np.ndarray:
        """What a chunk adds to a row, `(n,)` int16."""
        left = int(chunk.extras[LENGTH][row]) - chunk.extras["start"]
        own: np.ndarray = chunk.extras["pcm"][row, : max(0, left)]
        return own

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> Sequence[Audio]:
        """The recordings. Their log-probabilities are those of the pieces, not of the model."""
        count = len(indices)
        recordings = [
            np.concatenate([self.pcm(chunk, row) for chunk in chunks]) for row in range(count)
        ]
        chance = np.concatenate([chunk.log_prob for chunk in chunks], axis=1)
        total = [
            float(np.sum(chance[row, : len(recording)], dtype=np.float64))
            for row, recording in enumerate(recordings)
        ]
        return [self.audio(recordings, np.array(total), indices, chunks[0])]
