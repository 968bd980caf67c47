"""Alignments as a recogniser takes them: labels folded, one number for each frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from genkit.data.audio.dataset import Segment

Fold = Mapping[str, str | None]
NONE = -1  # of a frame that has no label


def folded(alignment: Iterable[Segment], fold: Fold) -> list[Segment]:
    """Segments by their folded labels, neighbours of one label in one.

    Args:
        alignment: in the order of time.
        fold: label -> label; None leaves its segments out. A label that is not in it stays.
    """
    found: list[Segment] = []
    for start, end, name in alignment:
        label = fold.get(name, name)
        if label is None:
            continue
        if found and found[-1].label == label and found[-1].end == start:
            start = found.pop().start
        found.append(Segment(start, end, label))
    return found


def frame_labels(
    alignment: Sequence[Segment], numbers: Mapping[str, int], frames: int, hop: int
) -> np.ndarray:
    """Number `(frames,)` int64 of the label at the middle of each frame.

    -1 where there is none, len(numbers) where it has no number.
    """
    found = np.full(frames, NONE, np.int64)
    middles = hop * np.arange(frames) + hop // 2
    for start, end, label in alignment:
        first, last = np.searchsorted(middles, (start, end))
        found[first:last] = numbers.get(label, len(numbers))
    return found


def segments(numbers: np.ndarray, labels: Sequence[str], hop: int, length: int) -> list[Segment]:
    """Segments of a recording of so many audio samples, of the label of each frame `(F,)`."""
    if not len(numbers):
        return []
    changes = (np.flatnonzero(np.diff(numbers)) + 1).tolist()
    return [
        Segment(start * hop, min(end * hop, length), labels[numbers[start]])
        for start, end in zip([0, *changes], [*changes, len(numbers)], strict=True)
    ]
