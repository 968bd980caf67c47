"""Rows of a batch: windows of recordings as the network wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from genkit.data.audio.attributes import vector_of
from genkit.data.audio.dataset import AudioFeed, AudioSplit
from genkit.data.audio.mulaw import encode
from genkit.family import Arrays
from genkit.models.wavenet.frames import Frames, frames_of
from genkit.models.wavenet.inputs import SpeakingInputs
from genkit.randomness import Noise, normal


class Rows:
    """Makes codes, weights and conditions of what an `AudioFeed` gives.

    Without context stacks, rows are packed: a recording begins with its row, and whatever is
    behind the context counts. With them, a row is a long past that only the context stacks read,
    and the window, which alone the large stack computes (section 2.6 of the paper).

    Args:
        config: the model's section. data: the data set's section.
        inputs: the runs that tell what recordings do not.
    """

    def __init__(self, config: Any, data: Any, inputs: SpeakingInputs | None = None) -> None:
        self.config, self.data = config, data
        self.names = config.names(data)
        self.frames = frames_of(config, data, inputs or SpeakingInputs({}))
        self.packed = not config.context
        grid, self.codec = config.grid, config.codec()
        # With emphasis, the first code of a row lacks the sample before it.
        reach = config.reach() + (1 if config.emphasis else 0)
        self.context = -(-reach // grid) * grid
        # Time steps at the end of a row whose logits are wanted.
        self.tail = data.crop + (self.context if self.packed else 0)

    def feed(self, split: AudioSplit, batch_size: int, seed: int | None) -> AudioFeed:
        """Windows in a drawn order; in the order of the recordings where the seed is None."""
        return AudioFeed(
            split, batch_size, self.data.crop, self.context, seed, self.packed, self.config.grid
        )

    def __call__(self, batch: Arrays, split: AudioSplit) -> Arrays:
        """What the network and the loss take.

        Returns:
            `codes` int32 (B, L), `levels` before the beginning; `weight` float32 (B, tail), 1 in
            the window; and what the model has of `vector`, `local` and `inside`.
        """
        time = np.arange(batch["audio"].shape[1])
        first, skip, stop = (batch[name][:, None] for name in ("first", "skip", "stop"))
        codes = self.codec.encode(batch["audio"])
        codes = np.where(time < first, self.config.levels, codes).astype(np.int32)
        weight = ((time >= skip) & (time < stop)).astype(np.float32)
        arrays = {"codes": codes, "weight": weight[:, -self.tail :]}
        if not self.packed:
            arrays["inside"] = (time >= first).astype(np.float32)
        vector = vector_of(batch, self.names)
        if vector is not None:
            arrays["vector"] = vector
        if self.frames is not None:
            arrays["local"] = self._local(self.frames, batch, split)
        return arrays

    def _local(self, frames: Frames, batch: Arrays, split: AudioSplit) -> np.ndarray:
        """Frames `(B, halo + F + halo, width)`, those that whole recordings have."""
        hop, halo = self.config.local.hop, self.config.local.halo
        count = -(-batch["audio"].shape[1] // hop) + 2 * halo
        pairs = zip(batch["recording"], batch["origin"], strict=True)
        return np.stack(
            [
                frames.of(split, int(recording), int(origin) // hop - halo, count)
                for recording, origin in pairs
            ]
        )

    def random_conditions(self, samples: int, steps: int) -> Arrays:
        """Arrays for checks, in the shapes of real ones."""
        arrays: Arrays = {}
        if self.names:
            width = self.config.vector_width(self.data)
            arrays["vector"] = normal(0, "wavenet/vector", 0, (samples, width))
        if self.frames is not None:
            local = self.config.local
            rows = -(-steps // local.hop) + 2 * local.halo
            found = normal(0, "wavenet/local", 0, (samples, rows, self.frames.width))
            if local.prediction:  # filters that ring little
                first = local.prediction_column(self.data)
                found[..., first : first + local.prediction] *= 0.1
            if local.phase:  # of voices: cosines of thousands of radians are rounding and no more
                found[..., -1] *= 0.05
            arrays["local"] = found
        return arrays


def seen(codes: np.ndarray, config: Any, noise: Noise) -> np.ndarray:
    """Codes `(B, L)` as a network sees them in training.

    Args:
        config: has `levels`, `noise` and `gaps`, see `WaveNetConfig`.
    """
    found = codes
    if config.noise:
        found = disturbed(found, config.levels, config.noise, noise)
    return found if config.gaps is None else with_gaps(found, config.levels, config.gaps, noise)


def with_gaps(codes: np.ndarray, levels: int, gaps: Any, noise: Noise) -> np.ndarray:
    """Codes `(B, L)` with stretches of silence, or of the next row, in the place of their own.

    Args:
        levels: number of codes; the code `levels` stands for none and stays.
        gaps: the section.
    """
    rows, length = codes.shape
    low, high = np.log(gaps.shortest), np.log(gaps.longest)
    mean = (gaps.longest - gaps.shortest) / (high - low) if high > low else gaps.shortest
    expected = gaps.share * length / mean
    most = int(np.ceil(expected))
    drawn = noise.uniform("wavenet/gaps", (rows, most, 5)).astype(np.float64)
    silence = int(encode(np.zeros(1, np.int16), levels)[0])
    found = codes.copy()
    for row in range(rows):
        for there, place, size, kind, shift in drawn[row]:
            if there * most > expected:
                continue
            start, count = int(place * length), round(float(np.exp(low + size * (high - low))))
            own = codes[row, start : start + count]
            other = np.full(len(own), silence)
            if kind < 0.5:
                from_row = codes[(row + 1) % rows]
                other = np.take(from_row, np.arange(len(own)) + int(shift * length), mode="wrap")
            kept = (own == levels) | (other == levels)
            found[row, start : start + count] = np.where(kept, own, other)
    return found


def disturbed(codes: np.ndarray, levels: int, most: float, noise: Noise) -> np.ndarray:
    """Codes `(B, L)` with normal noise on them, as a network sees them in training.

    Args:
        levels: number of codes; the code `levels` stands for none and stays.
        most: standard deviation in codes, times the square of a number between 0 and 1 that is
            drawn for each row.
    """
    spread = most * noise.uniform("wavenet/spread", (len(codes), 1)) ** 2
    off = np.rint(codes + spread * noise.normal("wavenet/noise", codes.shape))
    return np.where(codes == levels, levels, np.clip(off, 0, levels - 1)).astype(np.int32)
