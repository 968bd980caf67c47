"""Frames of recordings that a WaveNet is locally conditioned on: log-mel, or what is said."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from genkit.data.audio.dataset import AudioSplit
from genkit.models.wavenet.features import log_mel, window_length
from genkit.progress import SILENT, Progress
from genkit.speech.reading import Spoken


class Frames(Protocol):
    """Frames of the recordings of splits."""

    width: int

    def of(self, split: AudioSplit, recording: int, begin: int, count: int) -> np.ndarray:
        """Frames `begin` to `begin + count` of a recording, zeros outside of it; `(count, width)`
        float32."""
        ...


class MelFrames:
    """Log-mel frames of the recording itself.

    Args:
        local: the local condition's section.
    """

    def __init__(self, local: Any) -> None:
        self.hop, self.width = local.hop, local.bands

    def of(self, split: AudioSplit, recording: int, begin: int, count: int) -> np.ndarray:
        hop = self.hop
        margin = -(-window_length(hop) // hop)  # frames whose windows may miss something
        frames = np.zeros((count, self.width), np.float32)
        low = max(0, begin - margin)
        piece = split.recording(recording)[low * hop : (begin + count + margin) * hop]
        if not len(piece):
            return frames
        found = log_mel(piece, split.sample_rate, hop, self.width)
        skipped = max(0, begin) - low
        own = found[skipped : skipped + count - max(0, -begin)]
        frames[max(0, -begin) : max(0, -begin) + len(own)] = own
        return frames


class LinguisticFrames:
    """What is said in each frame, with log-F0 or without, with the voice's phase or without.

    Args:
        local: the local condition's section. data: the data set's section.
    """

    def __init__(self, local: Any, data: Any) -> None:
        self.hop, self.width = local.hop, local.width(data)
        self.pitch, self.phase = local.pitch, local.phase
        self.phones = data.phone_set()
        self._spoken: dict[int, tuple[AudioSplit, Spoken]] = {}

    def spoken(self, split: AudioSplit, progress: Progress = SILENT) -> Spoken:
        """The recordings of a split as utterances."""
        if id(split) not in self._spoken:  # the split is kept, so that its id stays its own
            found = Spoken(split, self.phones, self.hop, progress)
            self._spoken[id(split)] = (split, found)
        return self._spoken[id(split)][1]

    def of(self, split: AudioSplit, recording: int, begin: int, count: int) -> np.ndarray:
        frames = np.zeros((count, self.width), np.float32)
        found = self.spoken(split).features(recording, self.pitch, self.phase)
        own = found[max(0, begin) : max(0, begin + count)]
        frames[max(0, -begin) : max(0, -begin) + len(own)] = own
        return frames


def frames_of(config: Any, data: Any) -> MelFrames | LinguisticFrames | None:
    """What a model is locally conditioned on; None for nothing."""
    if config.local is None:
        return None
    if config.local.features == "mel":
        return MelFrames(config.local)
    return LinguisticFrames(config.local, data)
