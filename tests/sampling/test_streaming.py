"""A job whose sound is heard while it is drawn."""

from __future__ import annotations

import contextlib
import io
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from genkit.artifacts.wav import HEADER_BYTES
from genkit.errors import StoppedError, StorageError
from genkit.family import Forced, SampleSettings
from genkit.progress import Progress
from genkit.sampling.driver import sample_tile
from genkit.sampling.job import Job, is_wav, stream_job
from tests.sampling.fake_sound import RATE, STRETCH, FakeSound, decoded, own_length
from tests.sampling.jobs import Heard


def drawn(count: int, tile: int = 4, seed: int = 3) -> list[np.ndarray]:
    """The recordings as a job in a folder draws them."""
    found: list[np.ndarray] = []
    for first in range(0, count, tile):
        indices = range(first, min(first + tile, count))
        (audio,) = sample_tile(FakeSound(tile), seed, indices, [{}] * len(indices))
        found.extend(audio.recordings())
    return found


def sound_of(buffer: io.BytesIO) -> np.ndarray:
    return np.frombuffer(buffer.getvalue()[HEADER_BYTES:], "<i2")


@pytest.mark.parametrize("tile", [1, 4])
def test_recordings_come_one_after_the_other(tile: int) -> None:
    buffer, heard = io.BytesIO(), Heard()
    result = stream_job(Job(6, 3), buffer, FakeSound(tile), heard)
    assert (result.count, result.files) == (6, [])
    assert (heard.total, heard.done) == (6, 6)
    found, whole = sound_of(buffer), drawn(6)
    assert [len(recording) for recording in whole] == [own_length(i) for i in range(6)]
    np.testing.assert_array_equal(found, np.concatenate(whole))


@pytest.mark.parametrize("tile", [1, 4])
def test_a_chunk_is_written_before_the_next_one_is_drawn(tile: int) -> None:
    buffer = io.BytesIO()
    sizes: list[int] = []
    generator = FakeSound(tile, before=lambda: sizes.append(len(sound_of(buffer))))
    stream_job(Job(1, 3), buffer, generator)
    assert sizes[:2] == [0, STRETCH]
    assert len(sound_of(buffer)) == own_length(0)


def test_a_file_is_named_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"old" * 10_000)
    result = stream_job(Job(1, 3), path, FakeSound(1))
    assert result.files == [path]
    found, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    np.testing.assert_array_equal(found, drawn(1)[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_wish_to_stop_leaves_what_was_drawn(tmp_path: Path, number: int) -> None:
    path = tmp_path / "x.wav"
    asked: list[int] = []

    def stop() -> int | None:
        asked.append(1)
        return number if len(asked) == 3 else None

    generator = FakeSound(SampleSettings(1, seconds=1.0))
    with pytest.raises(StoppedError) as caught:
        stream_job(Job(1, 3), path, generator, stop=stop)
    assert caught.value.exit_code == 128 + number
    assert caught.value.message == f"stopped after 0.0 s of sound, which {path} holds"
    assert soundfile.info(path).frames == 3 * STRETCH


def test_a_wish_to_stop_on_a_pipe() -> None:
    with pytest.raises(StoppedError, match=r"^stopped after 0\.0 s of sound$"):
        stream_job(Job(1, 3), io.BytesIO(), FakeSound(1), stop=lambda: signal.SIGTERM)


def test_nobody_reads_any_more() -> None:
    reading, writing = os.pipe()
    chunks: list[int] = []

    def before() -> None:
        chunks.append(1)
        if len(chunks) == 5:
            os.close(reading)

    pipe = os.fdopen(writing, "wb")
    with pytest.raises(BrokenPipeError):
        stream_job(Job(100_000, 3), pipe, FakeSound(1, before=before))
    with contextlib.suppress(BrokenPipeError):
        pipe.close()
    assert len(chunks) == 5


@pytest.mark.parametrize("there", ["nothing", "a file"])
def test_a_file_that_cannot_be_made(tmp_path: Path, there: str) -> None:
    if there == "a file":
        (tmp_path / "new").write_text("")
    path = tmp_path / "new" / "x.wav"
    generator = FakeSound(1)
    with pytest.raises(StorageError, match=r"x\.wav must be a file that can be written"):
        stream_job(Job(1, 3), path, generator)
    assert generator.asked == []


def test_given_sound_comes_out_too() -> None:
    values = np.full((1, 100), 200, np.int32)
    buffer = io.BytesIO()
    job = Job(1, 3, primes=Forced(values, np.ones_like(values)))
    stream_job(job, buffer, FakeSound(SampleSettings(1, seconds=0.03)))
    found = sound_of(buffer)
    assert len(found) == 240
    assert (found[:100] == decoded(values[0])).all()
    assert len(np.unique(found[100:])) > 50


def test_progress_tells_seconds_and_how_fast_they_come() -> None:
    found: list[dict[str, float]] = []

    class Told(Progress):
        def advance(self, count: float = 1, values: Any = None) -> None:
            found.append(dict(values or {}))

    stream_job(Job(1, 3), io.BytesIO(), FakeSound(SampleSettings(1, seconds=0.1), 0.002), Told())
    chunks = found[:-1]
    assert chunks[0] == {}  # the first chunk compiles
    seconds = [told["seconds of sound"] for told in chunks[1:]]
    np.testing.assert_allclose(seconds, np.arange(2, 11) * STRETCH / RATE)
    for told in chunks[1:]:
        # A value of this generator is an audio sample.
        assert told["real-time factor"] == pytest.approx(told["values/s"] / RATE)
        assert 0 < told["real-time factor"] < 0.01 / 0.002


def test_what_names_a_wav_file(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    assert is_wav(Path("x.wav"))
    assert is_wav(Path("a/X.WAV"))
    assert not is_wav(Path("wav"))
    assert not is_wav(tmp_path / "folder.wav")
