"""Recordings played faster and slower: more voices to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from genkit.data.audio.dataset import AudioSplit, Segment
from genkit.data.audio.mulaw import FULL_SCALE, pcm_of


def played(split: AudioSplit, speeds: Sequence[float]) -> AudioSplit:
    """Every recording at each of some speeds, pitch and formants included.

    The augmentation of Ko, Povey, Peddinti and Khudanpur, Audio augmentation for speech
    recognition, Interspeech 2015.

    Args:
        split: the recordings. speeds: factors; 1 leaves a recording as it is.

    Returns:
        All recordings at the first speed, then all at the second. A recording of T audio samples
        has round(T / speed), at least 1; its phones and words are moved accordingly.
    """
    if list(speeds) == [1.0]:
        return split
    sounds = [_sound(split.recording(i), speed) for speed in speeds for i in range(len(split))]
    times = len(speeds)
    return replace(
        split,
        samples=np.concatenate(sounds),
        edges=np.concatenate([[0], np.cumsum([len(sound) for sound in sounds])]),
        attributes={
            name: np.concatenate([values] * times) for name, values in split.attributes.items()
        },
        names=[name if s == 1 else f"{name} x{s:g}" for s in speeds for name in split.names],
        texts=None if split.texts is None else list(split.texts) * times,
        alignments=_moved(split.alignments, speeds),
        words=_moved(split.words, speeds),
    )


def _sound(recording: np.ndarray, speed: float) -> np.ndarray:
    """`(T,)` int16 at another speed, `(round(T / speed),)` int16."""
    import soxr

    if speed == 1:
        return recording
    # The rates are ratios only; what is resampled may be off by a sample.
    count = max(1, round(len(recording) / speed))
    found = soxr.resample(recording.astype(np.float32), speed, 1.0)[:count]
    found = np.pad(found, (0, count - len(found)))
    return pcm_of(found / FULL_SCALE)


def _moved(
    every: Sequence[Sequence[Segment]] | None, speeds: Sequence[float]
) -> list[list[Segment]] | None:
    """Segments at each speed."""
    if every is None:
        return None
    return [
        [Segment(round(s.start / speed), round(s.end / speed), s.label) for s in own]
        for speed in speeds
        for own in every
    ]
