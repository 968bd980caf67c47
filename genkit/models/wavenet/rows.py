"""Rows of a batch: windows of recordings as the network wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from genkit.data.audio.dataset import AudioFeed, AudioSplit
from genkit.data.audio.mulaw import encode
from genkit.family import Arrays
from genkit.models.wavenet.features import log_mel, window_length
from genkit.models.wavenet.words import vector_of
from genkit.randomness import normal


class Rows:
    """Makes codes, weights and conditions of what an `AudioFeed` gives.

    Without context stacks, rows are packed: a recording begins with its row, and whatever is
    behind the context counts. With them, a row is a long past that only the context stacks read,
    and the window, which alone the large stack computes (section 2.6 of the paper).

    Args:
        config: the model's section. data: the data set's section.
    """

    def __init__(self, config: Any, data: Any) -> None:
        self.config, self.data = config, data
        self.names = config.names(data)
        self.packed = not config.context
        grid = config.grid
        self.context = -(-config.reach() // grid) * grid
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
        codes = encode(batch["audio"], self.config.levels)
        codes = np.where(time < first, self.config.levels, codes).astype(np.int32)
        weight = ((time >= skip) & (time < stop)).astype(np.float32)
        arrays = {"codes": codes, "weight": weight[:, -self.tail :]}
        if not self.packed:
            arrays["inside"] = (time >= first).astype(np.float32)
        vector = vector_of(batch, self.names)
        if vector is not None:
            arrays["vector"] = vector
        if self.config.local is not None:
            arrays["local"] = np.stack(
                [
                    self._frames(split, int(recording), int(origin), len(time))
                    for recording, origin in zip(batch["recording"], batch["origin"], strict=True)
                ]
            )
        return arrays

    def _frames(self, split: AudioSplit, recording: int, origin: int, length: int) -> np.ndarray:
        """Frames `(halo + F + halo, bands)` of a row, those that the whole recording has."""
        local = self.config.local
        hop, halo = local.hop, local.halo
        margin = -(-window_length(hop) // hop)  # frames whose windows may miss something
        sound = split.recording(recording)
        count, begin = -(-length // hop) + 2 * halo, origin // hop - halo
        frames = np.zeros((count, local.bands), np.float32)
        low = max(0, begin - margin)
        piece = sound[low * hop : (begin + count + margin) * hop]
        if not len(piece):
            return frames
        found = log_mel(piece, split.sample_rate, hop, local.bands)
        skipped = max(0, begin) - low
        own = found[skipped : skipped + count - max(0, -begin)]
        frames[max(0, -begin) : max(0, -begin) + len(own)] = own
        return frames

    def random_conditions(self, samples: int, steps: int) -> Arrays:
        """Arrays for checks, in the shapes of real ones."""
        arrays: Arrays = {}
        if self.names:
            width = self.config.vector_width(self.data)
            arrays["vector"] = normal(0, "wavenet/vector", 0, (samples, width))
        if (local := self.config.local) is not None:
            rows = -(-steps // local.hop) + 2 * local.halo
            arrays["local"] = normal(0, "wavenet/local", 0, (samples, rows, local.bands))
        return arrays
