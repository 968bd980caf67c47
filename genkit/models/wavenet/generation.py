"""Sound from a WaveNet: codes of the sequence samplers, decoded, each to its own length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from keras import ops

from genkit.artifacts import Audio
from genkit.data.audio.attributes import attributes_of
from genkit.data.audio.codec import Codec
from genkit.data.audio.mulaw import pcm_of
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.models.wavenet.sampling import VECTOR, WaveNetSequence
from genkit.sampling.sequence import STRETCH, SequenceGenerator, make_generator
from genkit.sampling.sequence.base import LENGTH

# The samplers' own bound; each tile says how long it is.
ENDLESS = 2**31 - 1
# What a listener waits for.
ANSWER = 0.1


class RecordingGenerator:
    """What both generators of recordings share: conditions in words, and finished recordings.

    Args:
        view: the network, which reads conditions in words.
        settings: how to draw.
        sample_rate: Hz.
        length: audio samples of a recording that says none.
        names: what steers the network, attribute -> values.
        codec: what codes stand for.
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
        self.view, self.settings, self.names, self.codec = view, settings, names, codec
        self.sample_rate, self.length = sample_rate, length

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """Arrays of a tile, see `genkit.models.wavenet.words`."""
        return self.view.conditions(rows, first_index)

    def condition_values(self, rows: Sequence[Mapping[str, str]]) -> str | None:
        """A digest of what conditions refer to and their words do not tell."""
        return self.view.digest(rows)

    def audio(
        self,
        recordings: Sequence[np.ndarray],
        chances: np.ndarray,
        indices: Sequence[int],
        chunk: Chunk,
    ) -> Audio:
        """Finished recordings, with what a chunk of theirs says that each was asked to be."""
        vector = chunk.extras.get(VECTOR)
        asked = {} if vector is None else attributes_of(vector[: len(indices)], self.names)
        return Audio.of(recordings, chances, indices, self.sample_rate, asked)


class WaveNetGenerator(RecordingGenerator):
    """A `SoundGenerator`: chunks are stretches of mu-law codes; arguments as of its base."""

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
        stretch = STRETCH
        if settings.tile == 1:
            stretch = max(1, round(ANSWER * sample_rate) // view.grid) * view.grid
        self.inner: SequenceGenerator = make_generator(view, settings, ENDLESS, stretch)
        self.chunks: int | None = -(-length // self.inner.stretch)

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        return self.inner.noise(seed, indices, chunk)

    def begin(self, conditions: Arrays) -> Any:
        inner = self.inner.begin(conditions)
        if not self.codec.emphasis:
            return inner
        return {"inner": inner, "sound": np.zeros((self.settings.tile, 1))}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        if not self.codec.emphasis:
            return self.inner.advance(state, noise, forced, conditions)
        # What a code stands for depends on those before it.
        chunk = self.inner.advance(state["inner"], noise, forced, conditions)
        values = np.asarray(ops.convert_to_numpy(chunk.values))
        sound, behind = self.codec.following(values, state["sound"])
        both = {"inner": chunk.state, "sound": behind}
        return replace(chunk, state=both, extras={**chunk.extras, "pcm": pcm_of(sound)})

    def pcm(self, chunk: Chunk, row: int) -> np.ndarray:
        """What a chunk adds to a row, `(n,)` int16."""
        left = max(0, int(chunk.extras[LENGTH][row]) - chunk.extras["start"])
        if "pcm" in chunk.extras:
            own: np.ndarray = chunk.extras["pcm"][row, :left]
            return own
        values = np.asarray(ops.convert_to_numpy(chunk.values))[row]
        return pcm_of(self.codec.decode(values[:left]))

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> Sequence[Audio]:
        """The recordings of a tile, with what each was asked to be."""
        codes, chances, length = self.inner.joined(chunks, len(indices))
        recordings = [
            pcm_of(self.codec.decode(row[:end])) for row, end in zip(codes, length, strict=True)
        ]
        return [self.audio(recordings, chances, indices, chunks[0])]
