"""Recordings: a WAV file each, an npz of what is known of them, and a picture of the first ones."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, ClassVar

import numpy as np

from genkit.artifacts.parts import Parts, collect_npz
from genkit.files import checksum_line, replacing, sha256, write_bytes

# So many recordings are shown in the picture.
SHOWN = 8
# Up to this many files are named one by one; more are listed in a file.
NAMED = 1000
LISTING = "recordings.sha256"
PICTURE = "recordings.png"


@dataclass(frozen=True)
class Audio:
    """A batch of mono recordings, which may differ in length.

    Args:
        samples: `(N, T)` int16 PCM; 0 behind the end of each one.
        length: `(N,)` int64, audio samples of each one, at most T.
        log_prob: `(N,)` float32, nats at temperature 1, of the recording up to its end.
        index: `(N,)` int64, which sample of the job each one is.
        sample_rate: Hz.
        conditions: what each one was asked to be, arrays by name, such as `speaker` `(N,)` or
            `tags` `(N, K)`.
    """

    kind: ClassVar[str] = "audio"
    samples: np.ndarray
    length: np.ndarray
    log_prob: np.ndarray
    index: np.ndarray
    sample_rate: int
    conditions: Mapping[str, np.ndarray] = field(default_factory=dict)
    name: str = "samples"

    @classmethod
    def of(
        cls,
        recordings: Sequence[np.ndarray],
        log_prob: np.ndarray,
        index: Sequence[int],
        sample_rate: int,
        conditions: Mapping[str, np.ndarray] | None = None,
    ) -> Audio:
        """A batch of recordings `(T_i,)` int16."""
        length = np.array([len(recording) for recording in recordings], np.int64)
        samples = np.zeros((len(recordings), max(length, default=0)), np.int16)
        for row, recording in zip(samples, recordings, strict=True):
            row[: len(recording)] = recording
        chances, numbers = np.asarray(log_prob, np.float32), np.asarray(index, np.int64)
        return cls(samples, length, chances, numbers, sample_rate, dict(conditions or {}))

    def recordings(self) -> list[np.ndarray]:
        """Each recording `(T_i,)` int16, without what is behind its end."""
        return _cut(self.samples, self.length)

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            "samples": self.samples,
            "length": self.length,
            "log_prob": self.log_prob,
            "index": self.index,
            **self.conditions,
        }

    def meta(self) -> dict[str, int]:
        """What `collect` needs beside the arrays."""
        return {"sample_rate": self.sample_rate}

    def save(self, folder: Path) -> list[Path]:
        """`recordings.png`, `samples.npz` without the sound, and a WAV file each, by place in the
        batch: `000000.wav` and so on."""
        parts = Parts(len(self.samples), self.meta(), iter([self.arrays()]))
        return self.collect(folder, parts, self.name)

    @classmethod
    def collect(cls, folder: Path, parts: Parts, name: str = "samples") -> list[Path]:
        """The same files, of parts that need not fit in memory and differ in length.

        Returns:
            All of them; with more than 1,000 recordings `recordings.sha256`, which lists their
            checksums, in the place of the WAV files.
        """
        folder.mkdir(parents=True, exist_ok=True)
        shown: list[np.ndarray] = []
        listing = folder / LISTING
        with replacing(listing) if parts.count > NAMED else nullcontext() as lines:
            facts = _saved(folder, parts, shown, lines)
            files = collect_npz(folder, Parts(parts.count, parts.meta, facts, parts.say), name)
        picture = write_bytes(folder / PICTURE, _picture(shown, parts.meta["sample_rate"]))
        names = (recording_name(i, parts.count) for i in range(parts.count))
        each = [listing] if parts.count > NAMED else [folder / name for name in names]
        return [picture, *files, *each]

    def preview(self) -> bytes:
        """PNG of the first recordings: waveforms and spectrograms."""
        return _picture(_cut(self.samples[:SHOWN], self.length), self.sample_rate)

    def sounds(self) -> list[bytes]:
        """The first recordings as WAV files, to listen to."""
        shown = _cut(self.samples[:SHOWN], self.length)
        return [wav_bytes(recording, self.sample_rate) for recording in shown]


def recording_name(number: int, count: int) -> str:
    """Such as `000007.wav`; names are as wide as the last one needs, so that they sort."""
    return f"{number:0{max(6, len(str(count - 1)))}d}.wav"


def wav_bytes(pcm: np.ndarray, sample_rate: int) -> bytes:
    """A finished WAV file of `(T,)` int16 PCM."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, sample_rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def _cut(samples: np.ndarray, length: np.ndarray) -> list[np.ndarray]:
    return [row[:end] for row, end in zip(samples, length, strict=False)]


def _saved(
    folder: Path, parts: Parts, shown: list[np.ndarray], lines: IO[bytes] | None
) -> Iterator[Mapping[str, np.ndarray]]:
    """The parts without their sound, which is written to files on the way; the first recordings
    are put into `shown`, and checksums into `lines`."""
    number = 0
    for arrays in parts.each:
        for recording in _cut(arrays["samples"], arrays["length"]):
            if len(shown) < SHOWN:
                shown.append(recording.copy())
            name = recording_name(number, parts.count)
            data = wav_bytes(recording, parts.meta["sample_rate"])
            write_bytes(folder / name, data)
            if lines is not None:
                lines.write(checksum_line(sha256(data), name))
            number += 1
        yield {key: array for key, array in arrays.items() if key != "samples"}


def _picture(recordings: Sequence[np.ndarray], sample_rate: int) -> bytes:
    from genkit.metrics.audio_pictures import recordings_figure

    titles = [str(i) for i in range(len(recordings))]
    # What has no sound at all is drawn as silence.
    shown = [recording if len(recording) else np.zeros(1, np.int16) for recording in recordings]
    return recordings_figure(shown, sample_rate, titles).preview()
