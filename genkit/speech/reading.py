"""Recordings with phones as networks want them: utterances, durations, features, pitch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from genkit.data.audio.dataset import AudioSplit, Segment
from genkit.errors import DataError
from genkit.metrics.speech.contours import Contour
from genkit.progress import SILENT, Progress
from genkit.speech.context import frame_features, phone_features
from genkit.speech.phase import recorded_phases
from genkit.speech.phones import PAUSE, PhoneSet
from genkit.speech.pitch import contours, standardised
from genkit.speech.utterance import Utterance, of_segments

REMEMBERED = 2_000  # tables of recordings, of about 100 kB each


class Spoken:
    """The recordings of a split; what is asked for once is remembered.

    Args:
        split: with alignments.
        phones: the phones of its labels.
        hop: audio samples of a frame.

    Raises:
        DataError: if recordings have no phones.
    """

    def __init__(
        self, split: AudioSplit, phones: PhoneSet, hop: int, progress: Progress = SILENT
    ) -> None:
        self.split, self.phones, self.hop, self.progress = split, phones, hop, progress
        alignments = split.alignments or [()] * len(split)
        without = [split.names[i] for i, found in enumerate(alignments) if not found]
        if without:
            raise DataError(
                f"{len(without)} of {len(split)} recordings have no alignment, such as "
                f"{without[0]}: a model that speaks learns from recordings whose phones are known"
            )
        self._alignments = alignments
        self._check_phones()
        self._utterances: dict[int, tuple[Utterance, np.ndarray]] = {}
        self._tables: dict[int, np.ndarray] = {}
        self._phases: dict[int, np.ndarray] = {}
        self._contours: list[Contour] | None = None

    def _check_phones(self) -> None:
        """Refuses phones that are not among those that the data section names."""
        labels = {segment.label for found in self._alignments for segment in found}
        read = {label: self.phones.read(label) for label in labels}
        missing = sorted(
            {p.name for p in read.values() if not p.pause and p.name not in self.phones.names}
        )
        if missing:
            raise DataError(
                f"alignments have phones that the data section does not: {', '.join(missing)}. "
                f"All of them:\n  phones: [{', '.join(sorted({*self.phones.names, *missing}))}]"
            )

    def __len__(self) -> int:
        return len(self.split)

    def frames(self, index: int) -> int:
        """Of a recording: ceil(T / hop)."""
        return int(-(-(self.split.edges[index + 1] - self.split.edges[index]) // self.hop))

    def utterance(self, index: int) -> tuple[Utterance, np.ndarray]:
        """What is said, and the duration of each phone in frames, `(N,)` int64."""
        if index not in self._utterances:
            self._utterances[index] = self._read(index)
        return self._utterances[index]

    def _read(self, index: int) -> tuple[Utterance, np.ndarray]:
        length = int(self.split.edges[index + 1] - self.split.edges[index])
        own = self._alignments[index]
        if any(b.start < a.start for a, b in pairwise(own)):
            raise DataError(f"{self.split.names[index]}: its phones are not in the order of time")
        segments = without_gaps(own, length, self.hop)
        words = () if self.split.words is None else self.split.words[index]
        last = self.frames(index)
        edges = [min(last, round(segment.start / self.hop)) for segment in segments]
        durations = np.diff([*edges, last])
        return of_segments(segments, words, self.phones), durations

    def table(self, index: int) -> np.ndarray:
        """Features of each phone of a recording, `(N, D)` float32."""
        if index not in self._tables:
            if len(self._tables) >= REMEMBERED:
                self._tables.pop(next(iter(self._tables)))
            self._tables[index] = phone_features(self.utterance(index)[0], self.phones)
        return self._tables[index]

    def contour(self, index: int) -> np.ndarray:
        """Log-F0 in the scale of networks and voicing of each frame, `(F, 2)` float32."""
        values, voiced = self._contour(index)
        return np.stack([standardised(values), voiced.astype(np.float32)], axis=1)

    def _contour(self, index: int) -> Contour:
        if self._contours is None:
            self._contours = contours(self.split, self.hop, self.progress)
        return self._contours[index]

    def phase(self, index: int) -> np.ndarray:
        """Phase of the voice and angle a sample of each frame, `(F, 2)` float32, radians."""
        if index not in self._phases:
            rate, recording = self.split.sample_rate, self.split.recording(index)
            found = recorded_phases(recording, self._contour(index), rate, self.hop)
            self._phases[index] = found
        return self._phases[index]

    def features(self, index: int, pitch: bool, phase: bool = False) -> np.ndarray:
        """What a WaveNet is told of each frame of a recording, `(F, frame_width)` float32."""
        found = [frame_features(self.table(index), self.utterance(index)[1])]
        found += [self.contour(index)] if pitch else []
        found += [self.phase(index)] if phase else []
        return np.concatenate(found, axis=1)


def unmarked(segments: Sequence[Segment], phones: PhoneSet) -> list[Segment]:
    """Phones of a recording without marks of stress and tone."""
    return [segment._replace(label=phones.read(segment.label).name) for segment in segments]


def without_gaps(segments: Sequence[Segment], length: int, hop: int) -> list[Segment]:
    """Segments that fill a recording: gaps of a frame or more become pauses, smaller ones belong
    to the segment before them."""
    found: list[Segment] = []
    at = 0
    for segment in segments:
        if segment.start - at >= hop:
            found.append(Segment(at, segment.start, PAUSE))
        elif found:
            found[-1] = found[-1]._replace(end=segment.start)
        else:
            segment = segment._replace(start=0)
        found.append(segment)
        at = segment.end
    if length - at >= hop:
        found.append(Segment(at, length, PAUSE))
    return found


def padded(arrays: Sequence[np.ndarray], length: int) -> np.ndarray:
    """Arrays `(n, ...)` one above the other, zeros behind each; `(B, length, ...)`."""
    whole = np.zeros((len(arrays), length, *arrays[0].shape[1:]), arrays[0].dtype)
    for row, array in zip(whole, arrays, strict=True):
        row[: len(array)] = array
    return whole


def rounded_up(count: int, step: int) -> int:
    """The next multiple of `step`: few lengths, so that little is compiled."""
    return -(-count // step) * step
