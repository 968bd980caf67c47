"""WAV that is written while it is made: headers, pipes, files, what is left behind."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import struct
import subprocess
import sys
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genkit.artifacts.audio import wav_bytes
from genkit.artifacts.wav import HEADER_BYTES, UNKNOWN, WavStream, wav_header

RATE = 8000
RAMP = (np.arange(2000) * 13 - 13000).astype(np.int16)


def parsed(path: Path) -> np.ndarray:
    """What Python's own reader finds, which believes the header."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        frames = file.readframes(file.getnframes())
        assert len(frames) == 2 * file.getnframes()
    return np.frombuffer(frames, "<i2")


def lengths(data: bytes) -> tuple[int, int]:
    """What the header says: bytes of the RIFF chunk and of the sound."""
    return struct.unpack_from("<I", data, 4)[0], struct.unpack_from("<I", data, 40)[0]


def through_a_pipe(pieces: list[np.ndarray]) -> bytes:
    reading, writing = os.pipe()
    found = bytearray()

    def read() -> None:
        with os.fdopen(reading, "rb") as pipe:
            found.extend(pipe.read())

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(writing, "wb") as pipe, WavStream(pipe, RATE) as sound:
        for piece in pieces:
            sound.write(piece)
    reader.join(30)
    return bytes(found)


def test_a_finished_file_is_that_of_libsndfile(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    with path.open("wb") as file, WavStream(file, RATE) as sound:
        for piece in np.split(RAMP, [1, 700, 700]):
            sound.write(piece)
        assert sound.seconds == len(RAMP) / RATE
    assert path.read_bytes() == wav_bytes(RAMP, RATE)
    found, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    np.testing.assert_array_equal(found, RAMP)


def test_a_file_can_be_read_at_every_moment(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    with path.open("wb") as file:
        sound = WavStream(file, RATE)
        assert len(parsed(path)) == 0
        for stop in range(400, len(RAMP) + 1, 400):
            sound.write(RAMP[stop - 400 : stop])
            np.testing.assert_array_equal(parsed(path), RAMP[:stop])


def test_a_killed_writer_leaves_what_it_wrote(tmp_path: Path) -> None:
    code = (
        "import os, sys, numpy as np\n"
        "from genkit.artifacts.wav import WavStream\n"
        "sound = WavStream(open(sys.argv[1], 'wb'), 8000)\n"
        "sound.write(np.arange(500, dtype=np.int16))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "x.wav"
    result = subprocess.run([sys.executable, "-c", code, str(path)], timeout=60, check=False)
    assert result.returncode == -9
    np.testing.assert_array_equal(parsed(path), np.arange(500))


def test_an_error_on_the_way_leaves_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"

    def interrupted() -> None:
        with path.open("wb") as file, WavStream(file, RATE) as sound:
            sound.write(RAMP)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    np.testing.assert_array_equal(parsed(path), RAMP)


def test_a_pipe_has_no_length() -> None:
    data = through_a_pipe([RAMP[:900], RAMP[900:]])
    assert lengths(data) == (UNKNOWN, UNKNOWN)
    assert data[HEADER_BYTES:] == RAMP.tobytes()


@pytest.mark.parametrize(
    "command",
    [
        ["sox", "-t", "wav", "-", "-t", "raw", "-"],
        ["ffmpeg", "-loglevel", "error", "-i", "-", "-f", "s16le", "-"],
    ],
    ids=["sox", "ffmpeg"],
)
@pytest.mark.parametrize("known", [True, False], ids=["file", "pipe"])
def test_players_read_it_from_a_pipe(command: list[str], known: bool) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    data = wav_bytes(RAMP, RATE) if known else through_a_pipe([RAMP])
    result = subprocess.run(command, input=data, capture_output=True, timeout=60, check=True)
    np.testing.assert_array_equal(np.frombuffer(result.stdout, "<i2"), RAMP)


@pytest.mark.parametrize("append", [True, False])
def test_standard_output_may_be_a_file_with_something_in_it(tmp_path: Path, append: bool) -> None:
    """`>>` always writes at the end, so that the header cannot be put right there."""
    path = tmp_path / "log"
    path.write_bytes(b"before")
    with path.open("ab" if append else "r+b") as file:
        file.seek(0, os.SEEK_END)
        with WavStream(file, RATE) as sound:
            sound.write(RAMP)
    data = path.read_bytes()
    assert data.startswith(b"beforeRIFF")
    size = 2 * len(RAMP)
    assert lengths(data[6:]) == ((UNKNOWN, UNKNOWN) if append else (size + 36, size))
    assert data[6 + HEADER_BYTES :] == RAMP.tobytes()


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (0, (36, 0)),
        (UNKNOWN - 37, (UNKNOWN - 1, UNKNOWN - 37)),
        (UNKNOWN - 36, (UNKNOWN, UNKNOWN)),
        (2**40, (UNKNOWN, UNKNOWN)),
        (None, (UNKNOWN, UNKNOWN)),
    ],
)
def test_what_is_too_long_for_a_header_is_unknown(size: int | None, says: tuple[int, int]) -> None:
    assert lengths(wav_header(RATE, size)) == says


def test_nobody_reads_any_more() -> None:
    reading, writing = os.pipe()
    pipe = os.fdopen(writing, "wb", buffering=64)
    sound = WavStream(pipe, RATE)
    sound.write(RAMP)
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        sound.write(RAMP)
    with contextlib.suppress(BrokenPipeError):
        pipe.close()


@pytest.mark.parametrize("pcm", [RAMP.astype(np.float32), RAMP[:, None]], ids=["float", "2-d"])
def test_what_is_no_mono_pcm_is_refused(pcm: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"\(n,\) int16 expected"):
        WavStream(io.BytesIO(), RATE).write(pcm)
