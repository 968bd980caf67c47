"""Sampling jobs: the same bytes whatever happens on the way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.artifacts.npz import read_npz
from genkit.errors import StoppedError, UsageError
from genkit.family import Forced
from genkit.progress import Progress
from genkit.sampling.job import Job, run_job
from tests.sampling.fake import SHAPE, FakeGenerator

ROOT = Path(__file__).resolve().parents[2]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file that must not depend on how a job went; the manifest holds its seconds."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "job.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def do(folder: Path, count: int = 10, generator: Any = None, **settings: Any) -> Any:
    return run_job(Job(folder, count, **{"seed": 3, **settings}), generator or FakeGenerator())


class Counting(Progress):
    def __init__(self) -> None:
        self.initial = self.total = self.done = 0

    def start(self, label: str, total: int, unit: str, initial: int = 0) -> None:
        self.total, self.initial = total, initial

    def advance(self, count: int = 1, values: Any = None) -> None:
        self.done += count


def test_what_a_job_leaves(tmp_path: Path) -> None:
    result = do(tmp_path / "job")
    folder = tmp_path / "job"
    assert sorted(contents(folder)) == [
        "grid.png",
        "parts/000000000-000000004.npz",
        "parts/000000004-000000008.npz",
        "parts/000000008-000000010.npz",
        "samples.npz",
    ]
    assert (result.count, result.complete_before) == (10, False)
    assert [path.name for path in result.files] == ["grid.png", "samples.npz"]
    arrays = read_npz(folder / "samples.npz")
    assert arrays["samples"].dtype == np.uint8
    assert arrays["samples"].shape == (10, *SHAPE)
    assert arrays["log_prob"].shape == (10,)
    np.testing.assert_array_equal(arrays["index"], np.arange(10))
    np.testing.assert_array_equal(arrays["label"], np.arange(10) % 5)
    manifest = json.loads((folder / "job.json").read_text())
    assert manifest["count"] == 10
    assert manifest["settings"]["seed"] == 3
    assert manifest["settings"]["tile"] == 4
    assert set(manifest["files"]) == set(contents(folder))
    assert manifest["outputs"] == ["grid.png", "samples.npz"]


@pytest.mark.parametrize("in_flight", [2, 3, 8])
def test_the_number_of_tiles_in_flight_changes_no_byte(tmp_path: Path, in_flight: int) -> None:
    do(tmp_path / "one", 18)
    do(tmp_path / "many", 18, FakeGenerator(pause=0.001), in_flight=in_flight)
    assert contents(tmp_path / "many") == contents(tmp_path / "one")


def test_samples_do_not_depend_on_how_many_are_asked_for(tmp_path: Path) -> None:
    do(tmp_path / "few", 6)
    do(tmp_path / "more", 11)
    few, more = (read_npz(tmp_path / name / "samples.npz") for name in ("few", "more"))
    for key in few:
        np.testing.assert_array_equal(few[key], more[key][:6])


def test_a_finished_job_is_reused(tmp_path: Path) -> None:
    do(tmp_path)
    before, times = contents(tmp_path), {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    generator = FakeGenerator()
    result = do(tmp_path, generator=generator)
    assert result.complete_before
    assert [path.name for path in result.files] == ["grid.png", "samples.npz"]
    assert generator.asked == []
    assert contents(tmp_path) == before
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == times


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("damage", ["deleted", "cut", "scrambled", "emptied"])
def test_a_part_that_is_missing_or_damaged_is_drawn_again(
    tmp_path: Path, damage: str, finished: bool
) -> None:
    do(tmp_path)
    before = contents(tmp_path)
    part = tmp_path / "parts" / "000000004-000000008.npz"
    data = part.read_bytes()
    if damage == "deleted":
        part.unlink()
    elif damage == "cut":
        part.write_bytes(data[: len(data) // 2])
    elif damage == "emptied":
        part.write_bytes(b"")
    else:
        middle = len(data) // 3
        part.write_bytes(data[:middle] + bytes(64) + data[middle + 64 :])
    if not finished:
        (tmp_path / "job.json").unlink()
    generator = FakeGenerator()
    assert not do(tmp_path, generator=generator).complete_before
    assert generator.asked == [[4, 5, 6, 7]]
    assert contents(tmp_path) == before


def test_a_part_of_another_job_is_drawn_again(tmp_path: Path) -> None:
    do(tmp_path / "job")
    do(tmp_path / "other", seed=4)
    before = contents(tmp_path / "job")
    name = "parts/000000004-000000008.npz"
    (tmp_path / "job" / name).write_bytes((tmp_path / "other" / name).read_bytes())
    generator = FakeGenerator()
    do(tmp_path / "job", generator=generator)
    assert generator.asked == [[4, 5, 6, 7]]
    assert contents(tmp_path / "job") == before


@pytest.mark.parametrize("name", ["samples.npz", "grid.png"])
def test_a_damaged_result_is_put_together_again_without_drawing(tmp_path: Path, name: str) -> None:
    do(tmp_path)
    before = contents(tmp_path)
    (tmp_path / name).write_bytes(b"not what it was")
    generator = FakeGenerator()
    do(tmp_path, generator=generator)
    assert generator.asked == []
    assert contents(tmp_path) == before


def test_a_damaged_manifest_is_written_again(tmp_path: Path) -> None:
    do(tmp_path)
    before = contents(tmp_path)
    for damage in ("", "{", "[]", '{"settings": 3}'):
        (tmp_path / "job.json").write_text(damage)
        generator = FakeGenerator()
        do(tmp_path, generator=generator)
        assert generator.asked == []
        assert json.loads((tmp_path / "job.json").read_text())["count"] == 10
    assert contents(tmp_path) == before


def test_progress_counts_what_was_there_before(tmp_path: Path) -> None:
    do(tmp_path)
    (tmp_path / "parts" / "000000008-000000010.npz").unlink()
    progress = Counting()
    run_job(Job(tmp_path, 10, 3), FakeGenerator(), progress)
    assert (progress.total, progress.initial, progress.done) == (10, 8, 2)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    do(tmp_path, identity={"weights": "a", "step": 5})
    with pytest.raises(UsageError) as caught:
        do(tmp_path, 12, seed=4, identity={"weights": "b", "step": 5})
    assert str(caught.value).splitlines() == [
        f"{tmp_path} holds samples of another job. Give another folder with --out, "
        "or the settings of the job that is there.",
        "  count: 10 there, 12 now",
        "  seed: 3 there, 4 now",
        "  weights: 'a' there, 'b' now",
    ]
    (tmp_path / "job.json").unlink()
    before = contents(tmp_path)
    with pytest.raises(UsageError) as caught:
        do(tmp_path, seed=4)
    assert caught.value.message == (
        f"{tmp_path} holds an unfinished job of other settings or weights. "
        "Give another folder with --out, or the settings of the job that is there."
    )
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 4},
        {"count": 9},
        {"conditions": [{"class": "2"}]},
        {"conditions": [{"class": str(i % 3)} for i in range(10)]},
        {"primes": Forced(np.zeros((1, *SHAPE), np.uint8), np.ones((1, *SHAPE), np.uint8))},
        {"identity": {"weights": "b"}},
        {"generator": FakeGenerator(tile=5)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_every_setting_that_decides_samples_counts(tmp_path: Path, other: dict[str, Any]) -> None:
    do(tmp_path)
    with pytest.raises(UsageError, match="holds samples of another job"):
        do(tmp_path, **other)


def test_conditions_and_primes_belong_to_the_sample(tmp_path: Path) -> None:
    conditions = [{"class": str(i % 3)} for i in range(10)]
    values = np.stack([np.full(SHAPE, i, np.uint8) for i in range(3)])
    mask = np.zeros_like(values)
    mask[:, 0] = 1
    do(tmp_path, conditions=conditions, primes=Forced(values, mask))
    arrays = read_npz(tmp_path / "samples.npz")
    np.testing.assert_array_equal(arrays["label"], np.arange(10) % 3)
    for i in range(10):
        assert (arrays["samples"][i, 0] == i % 3).all()


@pytest.mark.parametrize("in_flight", [1, 3])
def test_a_wish_to_stop_keeps_finished_parts(tmp_path: Path, in_flight: int) -> None:
    do(tmp_path / "whole", 20)
    stop_now: list[int] = []

    def begins(first: int) -> None:
        if first >= 12:
            stop_now.append(signal.SIGINT)

    generator = FakeGenerator(pause=0.002, before=begins)
    job = Job(tmp_path / "cut", 20, 3, in_flight=in_flight)
    with pytest.raises(StoppedError) as caught:
        run_job(job, generator, stop=lambda: stop_now[0] if stop_now else None)
    assert caught.value.exit_code == 130
    assert caught.value.message == (
        f"stopped; finished parts are in {tmp_path / 'cut'}. The same command goes on."
    )
    left = contents(tmp_path / "cut")
    assert left
    whole = contents(tmp_path / "whole")
    assert all(whole[name] == data for name, data in left.items())
    assert "samples.npz" not in left
    do(tmp_path / "cut", 20)
    assert contents(tmp_path / "cut") == whole


def test_an_error_in_a_tile_comes_out(tmp_path: Path) -> None:
    def fails(first: int) -> None:
        if first == 8:
            raise FloatingPointError("of a tile")

    for in_flight in (1, 3):
        with pytest.raises(FloatingPointError, match="of a tile"):
            do(tmp_path / str(in_flight), generator=FakeGenerator(before=fails),
               in_flight=in_flight)  # fmt: skip


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        do(tmp_path / "file" / "job")


@contextlib.contextmanager
def worker(folder: Path, in_flight: int, pause: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.sampling.fake", str(folder), "60", str(in_flight)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, str(pause)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_job_killed_again_and_again_ends_with_the_same_bytes(tmp_path: Path) -> None:
    do(tmp_path / "whole", 60)
    kills = 0
    for in_flight in (1, 3, 2):
        with worker(tmp_path / "cut", in_flight, 0.03) as process:
            assert process.stdout is not None
            process.stdout.readline()  # a tile is done, others are under way
            process.send_signal(signal.SIGKILL)
            kills += process.wait(60) == -signal.SIGKILL
    assert kills == 3
    assert not (tmp_path / "cut" / "job.json").exists()
    with worker(tmp_path / "cut", 2, 0.0) as process:
        assert process.wait(60) == 0
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
