"""RIFF/WAVE files of mono 16-bit PCM that can be heard while they are written.

Layout: Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0, 1991. A
header of 44 bytes says how long the sound is, which nobody knows before it is drawn, and a pipe
cannot be turned back to. libsndfile (`soundfile`) writes no header for an unknown length and needs
a file that can be turned back; so the writer here is our own. Finished recordings are written by
`soundfile`.
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from types import TracebackType
from typing import IO

import numpy as np

# A length of all ones: the sound ends where the file or the pipe does. Players know it.
UNKNOWN = 2**32 - 1
HEADER_BYTES = 44
SAMPLE_BYTES = 2


def wav_header(sample_rate: int, data_bytes: int | None) -> bytes:
    """The header before mono 16-bit PCM.

    Args:
        sample_rate: Hz.
        data_bytes: bytes of sound; None where that is not known. What does not fit in 32 bits
            is said to be unknown.
    """
    riff = UNKNOWN if data_bytes is None else HEADER_BYTES - 8 + data_bytes
    if data_bytes is None or riff >= UNKNOWN:
        riff = data_bytes = UNKNOWN
    form = struct.pack("<HHIIHH", 1, 1, sample_rate, sample_rate * SAMPLE_BYTES, SAMPLE_BYTES, 16)
    return b"".join(
        [b"RIFF", struct.pack("<I", riff), b"WAVE", b"fmt ", struct.pack("<I", len(form)), form,
         b"data", struct.pack("<I", data_bytes)]
    )  # fmt: skip


class WavStream:
    """Mono 16-bit PCM that is written as it is made.

    In a file the header is put right after every write, so that what a killed process leaves can
    be read to its end. On a pipe, or a file that is only appended to, lengths are unknown.

    Args:
        file: open for writing, buffered, where the header goes. It stays open.
        sample_rate: Hz.
    """

    def __init__(self, file: IO[bytes], sample_rate: int) -> None:
        self.file, self.sample_rate = file, sample_rate
        self.written = 0  # audio samples
        # Standard output may be a file that others have written to.
        self._start = file.tell() if _can_be_turned_back(file) else None
        file.write(wav_header(sample_rate, 0 if self._start is not None else None))
        file.flush()

    @property
    def seconds(self) -> float:
        """Sound written so far."""
        return self.written / self.sample_rate

    def write(self, pcm: np.ndarray) -> None:
        """Add audio samples `(n,)` int16, and hand them on at once.

        Raises:
            BrokenPipeError: where nobody reads any more.
        """
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise ValueError(f"(n,) int16 expected. Received: {pcm.shape} {pcm.dtype}")
        if not len(pcm):
            return
        self.file.write(np.ascontiguousarray(pcm, "<i2").tobytes())
        self.file.flush()
        self.written += len(pcm)
        if self._start is not None:
            self._write_lengths(self._start)

    def _write_lengths(self, start: int) -> None:
        # Behind the sound: whoever is stopped in between leaves a header that is too short.
        size = SAMPLE_BYTES * self.written
        self.file.seek(start)
        self.file.write(wav_header(self.sample_rate, size))
        self.file.seek(start + HEADER_BYTES + size)
        self.file.flush()

    def close(self) -> None:
        """Put the header right a last time, and wait until a file is on the disk."""
        if self._start is not None:
            self._write_lengths(self._start)
            with suppress(OSError, ValueError):  # such as memory, or a device
                os.fsync(self.file.fileno())
        self.file.flush()

    def __enter__(self) -> WavStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            with suppress(OSError, ValueError):  # the error under way is the one to be told
                self.close()


def _can_be_turned_back(file: IO[bytes]) -> bool:
    """Whether a header can be written again. What is opened to append always writes at the end."""
    if not file.seekable():
        return False
    try:
        return not fcntl.fcntl(file.fileno(), fcntl.F_GETFL) & os.O_APPEND
    except (OSError, ValueError):  # in memory
        return True
