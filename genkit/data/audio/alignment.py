"""Alignments: which stretch of a recording is which phone or word.

A file has a line for each segment: start, end, label. In `.phn` and `.wrd` files, as TIMIT has
them, start and end count audio samples of the file; in any other they are seconds.
"""

from __future__ import annotations

from pathlib import Path

from genkit.data.audio.dataset import Segment
from genkit.errors import DataError

IN_SAMPLES = (".phn", ".wrd")
MAX_BYTES = 2**24


def read_segments(path: Path) -> list[tuple[float, float, str]]:
    """Start, end and label of each line, in the unit of the file.

    Raises:
        DataError: names the line that is wrong.
    """
    try:
        with path.open(encoding="utf-8") as file:
            lines = file.read(MAX_BYTES).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    found = []
    for number, line in enumerate(lines, 1):
        words = line.split(maxsplit=2)
        if not words:
            continue
        try:
            start, end, label = float(words[0]), float(words[1]), words[2].strip()
        except (ValueError, IndexError):
            start, end, label = 0.0, -1.0, ""
        if not 0 <= start <= end < float("inf"):
            raise DataError(
                f"{path}, line {number}: needs start, end and label, 0 <= start <= end. "
                f"Received: {line[:80]!r}"
            )
        found.append((start, end, label))
    return found


def aligned(
    path: Path, offset: int, length: int, source_rate: int, sample_rate: int
) -> tuple[list[Segment], float]:
    """The segments of a file in audio samples of a recording.

    Args:
        path: the file.
        offset: audio sample (at `sample_rate`) of the file at which the recording begins.
        length: of the recording, audio samples.
        source_rate, sample_rate: Hz, of the file and of the recording.

    Returns:
        The segments, cut to the recording, without those outside of it; and by how many
        seconds they went beyond its end.
    """
    scale = sample_rate / source_rate if path.suffix.lower() in IN_SAMPLES else sample_rate
    found, beyond = [], 0.0
    for start, end, label in read_segments(path):
        first, last = round(start * scale) - offset, round(end * scale) - offset
        beyond = max(beyond, (last - length) / sample_rate)
        cut = Segment(max(0, first), min(length, last), label)
        if cut.start < cut.end:
            found.append(cut)
    return found, beyond
