"""Frames of recordings that a WaveNet is locally conditioned on: log-mel, or what is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from genkit.data.audio.attributes import attributes_in_words
from genkit.data.audio.dataset import AudioSplit
from genkit.models.wavenet.features import log_mel, window_length
from genkit.models.wavenet.inputs import ENVELOPE, SpeakingInputs
from genkit.progress import SILENT, Progress
from genkit.speech.reading import REMEMBERED, Spoken


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
    """What is said in each frame; as the model wants it, the linear predictor of its envelope,
    log-F0 and voicing, and the voice's phase.

    Args:
        local: the local condition's section. data: the data set's section.
        inputs: the runs that tell what recordings do not.
    """

    def __init__(self, local: Any, data: Any, inputs: SpeakingInputs) -> None:
        self.hop, self.width = local.hop, local.width(data)
        self.pitch, self.phase, self.order = local.pitch, local.phase, local.prediction
        self.phones, self.inputs = data.phone_set(), inputs
        self.names = data.vocabulary()
        self._spoken: dict[int, tuple[AudioSplit, Spoken]] = {}
        self._envelopes: dict[tuple[int, int], np.ndarray] = {}

    def spoken(self, split: AudioSplit, progress: Progress = SILENT) -> Spoken:
        """The recordings of a split as utterances."""
        if id(split) not in self._spoken:  # the split is kept, so that its id stays its own
            found = Spoken(split, self.phones, self.hop, progress)
            self._spoken[id(split)] = (split, found)
        return self._spoken[id(split)][1]

    def recorded(self, split: AudioSplit, number: int) -> np.ndarray:
        """Frames of a recording, with its own pitch and phase, `(F, width)` float32."""
        spoken = self.spoken(split)
        said = spoken.features(number, pitch=False)
        return joined(
            said,
            self._remembered(split, number, said) if self.order else None,
            spoken.contour(number) if self.pitch else None,
            spoken.phase(number) if self.phase else None,
        )

    def _remembered(self, split: AudioSplit, number: int, said: np.ndarray) -> np.ndarray:
        """The envelope of a recording: computed once."""
        key = (id(split), number)
        if key not in self._envelopes:
            if len(self._envelopes) >= REMEMBERED:
                self._envelopes.pop(next(iter(self._envelopes)))
            row = attributes_in_words(split.attributes, number, self.names)
            self._envelopes[key] = self.envelope(said, row)
        return self._envelopes[key]

    def envelope(self, said: np.ndarray, row: Mapping[str, str]) -> np.ndarray:
        """What the input tells of frames with these linguistic features, `(F, order + 1)`.

        Args:
            row: who says it, in words.
        """
        vector = self.inputs.vector(ENVELOPE, row)
        found: np.ndarray = self.inputs.learner(ENVELOPE).envelope(said, vector)
        return found

    def of(self, split: AudioSplit, recording: int, begin: int, count: int) -> np.ndarray:
        frames = np.zeros((count, self.width), np.float32)
        own = self.recorded(split, recording)[max(0, begin) : max(0, begin + count)]
        frames[max(0, -begin) : max(0, -begin) + len(own)] = own
        return frames


def joined(
    said: np.ndarray,
    envelope: np.ndarray | None = None,
    contour: np.ndarray | None = None,
    phase: np.ndarray | None = None,
) -> np.ndarray:
    """Features of frames side by side, `(F, width)`, in the order in which a model reads them."""
    every = (said, envelope, contour, phase)
    return np.concatenate([part for part in every if part is not None], axis=1)


def frames_of(
    config: Any, data: Any, inputs: SpeakingInputs
) -> MelFrames | LinguisticFrames | None:
    """What a model is locally conditioned on; None for nothing."""
    if config.local is None:
        return None
    if config.local.features == "mel":
        return MelFrames(config.local)
    return LinguisticFrames(config.local, data, inputs)
