"""Alignments: which stretch of a recording is which phone or word.

| file | what is read | unit of its times |
| --- | --- | --- |
| `.TextGrid` | a tier of phones, a tier of words, as Praat and aligners write them | seconds |
| `.lab` | an HTS label file: `start end label` | 100 ns, integers |
| `.phn`, `.wrd` | `start end label`, as TIMIT has them side by side | audio samples |
| any other | `start end label` | seconds |

The letter case of the suffix does not matter.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from genkit.data.audio import hts, textgrid
from genkit.data.audio.dataset import Segment
from genkit.errors import DataError

IN_SAMPLES = (".phn", ".wrd")
MAX_BYTES = 2**24
_TEXTGRID, _HTS, _PHONES = ".textgrid", ".lab", ".phn"
_NOISE = 1e-6  # by which a time may come before the last one: digits that were rounded


def read_segments(path: Path) -> list[tuple[float, float, str]]:
    """Start, end and label of each phone, or of each line, in the unit of the file.

    Raises:
        DataError: names the line, or the tier and the interval, that is wrong.
    """
    suffix = path.suffix.lower()
    if suffix == _TEXTGRID:
        return _some(path, _in_order(path, textgrid.phones(path, _content(path))))
    if suffix == _HTS:
        return _some(path, _in_order(path, hts.phones(path, _text(path))))
    return _lines(path)


def read_words(path: Path) -> list[tuple[float, float, str]]:
    """Start, end and label of each word, in the unit of the file; none where it has no words.

    Raises:
        DataError: as `read_segments`.
    """
    if path.suffix.lower() == _TEXTGRID:
        return _in_order(path, textgrid.words(path, _content(path)))
    beside = words_file(path)
    return [] if beside is None else _lines(beside)


def words_file(path: Path) -> Path | None:
    """The `.wrd` beside a `.phn`, in the same letter case; None where there is none."""
    if path.suffix.lower() != _PHONES:
        return None
    beside = path.with_suffix(".WRD" if path.suffix.isupper() else ".wrd")
    return beside if beside.is_file() else None


def aligned(
    path: Path, offset: int, length: int, source_rate: int, sample_rate: int
) -> tuple[list[Segment], float]:
    """The phones of a file in audio samples of a recording.

    Args:
        path: the file.
        offset: audio sample (at `sample_rate`) of the file at which the recording begins.
        length: of the recording, audio samples.
        source_rate, sample_rate: Hz, of the file and of the recording.

    Returns:
        The segments, cut to the recording, without those outside of it; and by how many
        seconds they went beyond its end.

    Raises:
        DataError: as `read_segments`.
    """
    scale = _scale(path, source_rate, sample_rate)
    return _cut(read_segments(path), scale, offset, length, sample_rate)


def aligned_words(
    path: Path, offset: int, length: int, source_rate: int, sample_rate: int
) -> list[Segment]:
    """The words that belong to a file of phones, as `aligned` gives the phones; empty where there
    are none.

    Raises:
        DataError: as `read_segments`.
    """
    scale = _scale(path, source_rate, sample_rate)
    return _cut(read_words(path), scale, offset, length, sample_rate)[0]


def _scale(path: Path, source_rate: int, sample_rate: int) -> float:
    """Audio samples of the recording in a unit of the file."""
    suffix = path.suffix.lower()
    if suffix in IN_SAMPLES:
        return sample_rate / source_rate
    return sample_rate / hts.PER_SECOND if suffix == _HTS else sample_rate


def _cut(
    segments: Iterable[tuple[float, float, str]],
    scale: float,
    offset: int,
    length: int,
    sample_rate: int,
) -> tuple[list[Segment], float]:
    found, beyond = [], 0.0
    for start, end, label in segments:
        first, last = round(start * scale) - offset, round(end * scale) - offset
        beyond = max(beyond, (last - length) / sample_rate)
        cut = Segment(max(0, first), min(length, last), label)
        if cut.start < cut.end:
            found.append(cut)
    return found, beyond


def _lines(path: Path) -> list[tuple[float, float, str]]:
    found = []
    for number, line in enumerate(_text(path).splitlines(), 1):
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


def _in_order(
    path: Path, placed: Iterable[tuple[str, float, float, str]]
) -> list[tuple[float, float, str]]:
    """Without those of no length.

    Raises:
        DataError: names the place of one that begins before the end of the one before it.
    """
    found, before = [], 0.0
    for place, start, end, label in placed:
        if not before - _NOISE <= start <= end < float("inf"):
            raise DataError(
                f"{path}, {place}: times must increase and not overlap. "
                f"Received: {start:.12g} to {end:.12g}, after {before:.12g}"
            )
        start, before = max(start, before), max(end, before)
        if start < end:
            found.append((start, end, label))
    return found


def _some(path: Path, segments: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    if not segments:
        raise DataError(f"{path}: has no phones, or none that lasts")
    return segments


def _text(path: Path) -> str:
    try:
        return _content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: cannot be read ({error})") from error


def _content(path: Path) -> bytes:
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # a pipe would wait for ever
            raise DataError(f"{path}: cannot be read (it is not a file)")
        if facts.st_size > MAX_BYTES:
            raise DataError(
                f"{path}: {facts.st_size:,} bytes, more than the {MAX_BYTES:,} that an alignment "
                "may have"
            )
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
