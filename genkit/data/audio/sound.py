"""One recording in any format that soundfile reads, as 16-bit mono at a given rate."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genkit.data.audio import report
from genkit.errors import DataError

if TYPE_CHECKING:
    import soundfile

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au",
            ".snd", ".caf", ".w64", ".rf64", ".sph", ".nist")  # fmt: skip
SCALE = 32_768  # 16-bit PCM over the float range [-1, 1)
SILENT_PEAK = 32  # of 32,768: 60 dB below full scale, five codes of 8-bit mu-law
CLIPPED_RUN = 3  # successive audio samples at full scale, which a wave alone hardly has
FRAME_SECONDS = 0.016  # of the frames whose loudness is compared
_BLOCK = 2**16
# A file that lost a byte, such as by a program that changes line ends, is loud noise from there
# on, and smooth again when it is read from the next byte. Speech and music are neither.
SLIPPED_LEVEL = 1_000
SLIPPED_RATIO = 6
SLIPPED_SECONDS = 0.05
SLIPPED_VALUES = 16  # of low bytes; audio that was widened from fewer bits has few
_NOT_WHOLE = re.compile(r"^data\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE)
_UNKNOWN_LENGTH = 2**31 - 2**16  # what writers to a pipe put into the header
_COARSE = ("PCM_U8", "PCM_S8")
_FINE = ("PCM_24", "PCM_32", "FLOAT", "DOUBLE")


class SoundError(DataError):
    """A recording that cannot be used.

    Args:
        reason: one of `report`'s.
        detail: in words.
        seconds: how long it is, where that is known.
    """

    def __init__(self, path: Path, reason: str, detail: str = "", seconds: float = 0.0) -> None:
        super().__init__(f"{path}: {reason}" + (f" ({detail})" if detail else ""))
        self.reason = reason
        self.detail = detail
        self.seconds = seconds


@dataclass(frozen=True)
class Sound:
    """A recording, and what was done to it.

    Args:
        pcm: `(T,)` int16.
        source_rate: Hz, of the file.
        start: first frame of the file that was read.
        remarks: pairs of reason and detail.
    """

    pcm: np.ndarray
    source_rate: int
    start: int
    remarks: tuple[tuple[str, str], ...]


def read_sound(path: Path, sample_rate: int, start: float = 0.0, end: float | None = None) -> Sound:
    """A recording, or its span from `start` to `end` in seconds, read block by block.

    Channels are averaged; resampling is soxr's, high quality; values are rounded to 16 bits.

    Args:
        path: any format that soundfile reads.
        sample_rate: Hz of the result.
        start, end: seconds; None is the end of the file.

    Raises:
        SoundError: if it cannot be read, has no audio samples or some that are no numbers, if
            its bytes are out of step, or if the span goes beyond its end.
    """
    import soundfile

    _check_size(path)
    try:
        with soundfile.SoundFile(path) as file:
            return _read(path, file, sample_rate, start, end)
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        detail = str(error).removeprefix(f"Error opening {str(path)!r}: ").rstrip(".")
        if "does not exist" in detail:  # what libsndfile says of a text that is called .mp3
            detail = "Format not recognised"
        raise SoundError(path, report.UNREADABLE, detail) from error


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SoundError(path, report.UNREADABLE, error.strerror or str(error)) from error
    if not size:
        raise SoundError(path, report.EMPTY, "a file of 0 bytes")


def _read(
    path: Path, file: soundfile.SoundFile, sample_rate: int, start: float, end: float | None
) -> Sound:
    rate, seconds = file.samplerate, file.frames / file.samplerate
    first = round(start * rate)
    count = file.frames - first if end is None else round(end * rate) - first
    if not file.frames:
        raise SoundError(path, report.EMPTY)
    if count < 1 or first + count > file.frames + rate // 1000:  # a millisecond for rounding
        asked = f"{start:g} to {'the end' if end is None else format(end, 'g')} s of {seconds:g} s"
        raise SoundError(path, report.OUTSIDE, asked)
    file.seek(first)
    blocks, clipped = _blocks(path, file, count, sample_rate)
    pcm = np.concatenate(blocks)
    if not len(pcm):
        raise SoundError(path, report.EMPTY)
    return Sound(pcm, rate, first, tuple(_remarks(file, sample_rate, clipped)))


def _blocks(
    path: Path, file: soundfile.SoundFile, count: int, sample_rate: int
) -> tuple[list[np.ndarray], int]:
    """16-bit blocks at the wanted rate, and how often full scale was held."""
    resample = _resampler(file.samplerate, sample_rate)
    full = 1 - 2.0 ** (-7 if file.subtype in _COARSE else -15)
    blocks, clipped, done = [], 0, 0
    while True:
        block = file.read(min(_BLOCK, count - done), dtype="float32", always_2d=True)
        if not np.isfinite(block).all():
            place = done + int(np.argwhere(~np.isfinite(block))[0][0])
            at = f"at {place / file.samplerate:.3f} s"
            raise SoundError(path, report.NOT_FINITE, at, file.frames / file.samplerate)
        clipped += _clipped(block, full)
        last = done + len(block) >= count or not len(block)
        if file.subtype == "PCM_16" and file.channels == 1:
            _check_step(path, file, _as_pcm(block[:, 0]), done)
        done += len(block)
        mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1)
        blocks.append(_as_pcm(resample(mono, last)))
        if last:
            return blocks, clipped


def _check_step(path: Path, file: soundfile.SoundFile, pcm: np.ndarray, done: int) -> None:
    place = slipped(pcm, file.samplerate)
    if place is not None:
        at = f"from about {(done + place) / file.samplerate:.2f} s on"
        raise SoundError(path, report.SLIPPED, at, file.frames / file.samplerate)


def slipped(pcm: np.ndarray, sample_rate: int) -> int | None:
    """Where 16-bit audio first is noise that would be smooth if a byte were left out before it;
    None where it never is."""
    frame = round(SLIPPED_SECONDS * sample_rate)
    count = (len(pcm) - 1) // frame
    if count < 1:
        return None
    shifted = np.frombuffer(pcm.astype("<i2").tobytes()[1:-1], "<i2")
    frames, others = (values[: count * frame].reshape(count, frame) for values in (pcm, shifted))
    steps, smooth = (
        np.square(np.diff(values, axis=1), dtype=np.float64).mean(axis=1)
        for values in (frames.astype(np.int32), others.astype(np.int32))
    )
    loud = np.square(frames, dtype=np.float64).mean(axis=1) > SLIPPED_LEVEL**2
    for number in np.flatnonzero(loud & (steps > SLIPPED_RATIO**2 * smooth)):
        if len(np.unique(frames[number] & 255)) > SLIPPED_VALUES:
            return int(number) * frame
    return None


def _resampler(source: int, target: int) -> Callable[[np.ndarray, bool], np.ndarray]:
    """`resample(block, last)`; what it gives lags behind what it was given."""
    if source == target:
        return lambda block, last: block
    import soxr

    stream = soxr.ResampleStream(source, target, 1, dtype="float32", quality="HQ")
    return lambda block, last: stream.resample_chunk(np.ascontiguousarray(block), last=last)


def resampled(pcm: np.ndarray, source: int, target: int) -> np.ndarray:
    """A whole recording `(T,)` int16 at another rate (Hz), int16."""
    return _as_pcm(_resampler(source, target)(pcm.astype(np.float32) / SCALE, True))


def _as_pcm(block: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(block * SCALE), -SCALE, SCALE - 1).astype(np.int16)


def _clipped(block: np.ndarray, full: float) -> int:
    held = np.abs(block) >= full
    count = len(held) - CLIPPED_RUN + 1
    if count < 1:
        return 0
    runs = np.logical_and.reduce([held[i : i + count] for i in range(CLIPPED_RUN)])
    return int(runs.sum())


def _remarks(file: soundfile.SoundFile, sample_rate: int, clipped: int) -> list[tuple[str, str]]:
    found = []
    if file.samplerate != sample_rate:
        found.append((report.RESAMPLED, f"from {file.samplerate} Hz"))
    if file.channels > 1:
        found.append((report.MIXED, f"from {file.channels} channels"))
    if file.subtype in _FINE:
        found.append((report.ROUNDED, f"from {file.subtype}"))
    if clipped:
        found.append((report.CLIPPED, f"{clipped} times {CLIPPED_RUN} samples at full scale"))
    short = _NOT_WHOLE.search(file.extra_info)
    if short and int(short[2]) < int(short[1]) < _UNKNOWN_LENGTH:
        found.append((report.SHORT, f"{short[2]} of {short[1]} bytes"))
    return found


def is_silent(pcm: np.ndarray) -> bool:
    """Whether nothing of it comes within 60 dB of full scale."""
    return int(np.max(np.abs(pcm.astype(np.int32)), initial=0)) <= SILENT_PEAK


def loud_part(pcm: np.ndarray, sample_rate: int, trim_db: float) -> tuple[int, int]:
    """Where the part begins and ends that is left when quiet ends are cut off.

    As `librosa.effects.trim`, over frames that do not overlap: it goes from the first to the
    last frame whose mean square is at most `trim_db` below that of the loudest one. (librosa
    holds each audio sample four times in float32, which long recordings have no room for.)

    Args:
        pcm: `(T,)` int16, not all zero.
        sample_rate: Hz.
        trim_db: decibels, positive.
    """
    frame = max(1, round(FRAME_SECONDS * sample_rate))
    starts = np.arange(0, len(pcm), frame)
    power = np.add.reduceat(np.square(pcm, dtype=np.float32), starts)
    power /= np.diff(starts, append=len(pcm))
    loud = np.flatnonzero(power >= power.max() * 10 ** (-trim_db / 10))
    return int(starts[loud[0]]), min(len(pcm), int(starts[loud[-1]]) + frame)
