"""A job to a pipe."""

from __future__ import annotations

import io
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.artifacts.npz import read_npz
from genkit.errors import StoppedError
from genkit.sampling.job import Job, pipe_job
from tests.sampling.fake import FakeGenerator
from tests.sampling.jobs import Heard, do


@pytest.mark.parametrize("in_flight", [1, 3])
def test_a_pipe_gets_what_a_folder_gets(tmp_path: Path, in_flight: int) -> None:
    do(tmp_path, 22)
    buffer, heard = io.BytesIO(), Heard()
    generator = FakeGenerator(pause=0.001)
    result = pipe_job(Job(22, 3, in_flight=in_flight), buffer, generator, heard)
    assert (result.count, result.files) == (22, [])
    assert (heard.total, heard.done) == (22, 22)
    assert buffer.getvalue() == (tmp_path / "samples.npz").read_bytes()


def test_what_cannot_be_turned_back(tmp_path: Path) -> None:
    """A true pipe: sizes and checksums of the npz come after its arrays."""
    reading, writing = os.pipe()
    found = bytearray()

    def read() -> None:
        with os.fdopen(reading, "rb") as pipe:
            found.extend(pipe.read())

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(writing, "wb") as pipe:
        pipe_job(Job(22, 3), pipe, FakeGenerator())
    reader.join(30)
    (tmp_path / "piped.npz").write_bytes(found)
    do(tmp_path / "job", 22)
    whole, piped = (read_npz(tmp_path / n) for n in ("job/samples.npz", "piped.npz"))
    assert set(whole) == set(piped)
    for name, array in whole.items():
        np.testing.assert_array_equal(piped[name], array)


def test_samples_are_written_as_they_are_drawn() -> None:
    buffer = io.BytesIO()
    sizes: list[int] = []
    generator = FakeGenerator(tile=64, before=lambda index: sizes.append(len(buffer.getvalue())))
    generator.noise = _incompressible  # type: ignore[method-assign]
    pipe_job(Job(64 * 300, 3), buffer, generator)
    assert sizes[0] < sizes[100] < sizes[200] < len(buffer.getvalue())


def _incompressible(seed: int, indices: Any, chunk: int) -> np.ndarray:
    return np.random.default_rng([indices[0], chunk]).random((len(indices), 3, 1)).clip(1e-6)


def test_nobody_reads_any_more() -> None:
    class Closed(io.BytesIO):
        def write(self, data: Any) -> int:
            if self.tell() > 50:
                raise BrokenPipeError
            return super().write(data)

    generator = FakeGenerator()
    with pytest.raises(BrokenPipeError):
        pipe_job(Job(100_000, 3), Closed(), generator)
    assert len(generator.asked) < 10_000


def test_a_wish_to_stop() -> None:
    with pytest.raises(StoppedError, match="is no whole npz") as caught:
        pipe_job(Job(22, 3), io.BytesIO(), FakeGenerator(), stop=lambda: signal.SIGTERM)
    assert caught.value.exit_code == 143
