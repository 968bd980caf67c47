"""Sampling jobs: the same bytes whatever happens on the way."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.artifacts.npz import npz_bytes, read_npz
from genkit.errors import StoppedError, UsageError
from genkit.family import Forced
from genkit.sampling.job import Job, run_job
from tests.sampling.fake import SHAPE, FakeGenerator
from tests.sampling.jobs import Heard, contents, do, worker


def test_what_a_job_leaves(tmp_path: Path) -> None:
    result = do(tmp_path / "job", fingerprint={"backend": "none"})
    folder = tmp_path / "job"
    assert sorted(contents(folder)) == [
        "grid.png",
        "parts.sha256",
        "parts/000000000-000000004.npz",
        "parts/000000004-000000008.npz",
        "parts/000000008-000000010.npz",
        "samples.npz",
        "settings.json",
    ]
    assert (result.count, result.complete_before) == (10, False)
    assert [path.name for path in result.files] == ["grid.png", "samples.npz"]
    arrays = read_npz(folder / "samples.npz")
    assert arrays["samples"].dtype == np.uint8
    assert arrays["samples"].shape == (10, *SHAPE)
    assert arrays["log_prob"].shape == (10,)
    np.testing.assert_array_equal(arrays["index"], np.arange(10))
    np.testing.assert_array_equal(arrays["label"], np.arange(10) % 5)
    part = read_npz(folder / "parts" / "000000008-000000010.npz")
    about = json.loads(str(part.pop("about")))
    for name, array in part.items():
        np.testing.assert_array_equal(array, arrays[name][8:])
    manifest = json.loads((folder / "job.json").read_text())
    assert about["settings"] == manifest["settings_digest"]
    assert about["fingerprint"] == manifest["fingerprint"] == {"backend": "none"}
    assert manifest["count"] == 10
    assert manifest["settings"]["seed"] == 3
    assert manifest["settings"]["tile"] == 4
    assert manifest["outputs"] == ["grid.png", "samples.npz"]


def test_every_file_has_a_checksum(tmp_path: Path) -> None:
    do(tmp_path)
    manifest = json.loads((tmp_path / "job.json").read_text())
    assert set(manifest["files"]) == {"grid.png", "samples.npz", "parts.sha256"}
    lines = [line.split("  ") for line in (tmp_path / "parts.sha256").read_text().splitlines()]
    assert [name for _, name in lines] == sorted(n for n in contents(tmp_path) if "parts/" in n)
    for name, checksum in [*manifest["files"].items(), *((name, sha) for sha, name in lines)]:
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == checksum


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
    result = do(tmp_path, generator=generator, fingerprint={"machine": "another"})
    assert result.complete_before
    assert [path.name for path in result.files] == ["grid.png", "samples.npz"]
    assert generator.asked == []
    assert contents(tmp_path) == before
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == times


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("damage", ["deleted", "cut", "scrambled", "emptied", "rebuilt"])
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
    elif damage == "rebuilt":  # a whole npz, with another value in it
        arrays = read_npz(part)
        arrays["samples"][0, 0, 0] += 1
        part.write_bytes(npz_bytes(arrays))
    else:
        middle = len(data) // 3
        part.write_bytes(data[:middle] + bytes(64) + data[middle + 64 :])
    if not finished:
        (tmp_path / "job.json").unlink()
    generator, heard = FakeGenerator(), Heard()
    assert not do(tmp_path, generator=generator, progress=heard).complete_before
    assert generator.asked == [[4, 5, 6, 7]]
    assert contents(tmp_path) == before
    why = "missing" if damage == "deleted" else "damaged"
    assert heard.warnings == [f"1 part cannot be used: parts/{part.name} ({why}); drawn again"]


def test_parts_of_another_job_or_other_samples_are_drawn_again(tmp_path: Path) -> None:
    do(tmp_path / "job")
    do(tmp_path / "other", seed=4)
    before = contents(tmp_path / "job")
    names = [f"parts/00000000{i}-00000000{i + 4}.npz" for i in (0, 4)]
    (tmp_path / "job" / names[1]).write_bytes((tmp_path / "job" / names[0]).read_bytes())
    (tmp_path / "job" / names[0]).write_bytes((tmp_path / "other" / names[0]).read_bytes())
    generator, heard = FakeGenerator(), Heard()
    do(tmp_path / "job", generator=generator, progress=heard)
    assert generator.asked == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert contents(tmp_path / "job") == before
    assert heard.warnings == [
        f"2 parts cannot be used: {names[0]} (of another job), {names[1]} (holds other samples); "
        "drawn again"
    ]


@pytest.mark.parametrize("name", ["samples.npz", "grid.png", "parts.sha256"])
def test_a_damaged_result_is_put_together_again_without_drawing(tmp_path: Path, name: str) -> None:
    do(tmp_path)
    before = contents(tmp_path)
    (tmp_path / name).write_bytes(b"not what it was")
    generator = FakeGenerator()
    do(tmp_path, generator=generator)
    assert generator.asked == []
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["job.json", "settings.json"])
def test_damaged_facts_are_written_again(tmp_path: Path, name: str) -> None:
    do(tmp_path)
    before = contents(tmp_path)
    damages = ["", "{", "[]", *(['{"settings": 3}'] if name == "job.json" else [])]
    for damage in damages:
        (tmp_path / "job.json").unlink()
        (tmp_path / name).write_text(damage)
        generator = FakeGenerator()
        do(tmp_path, generator=generator)
        assert generator.asked == []
        assert json.loads((tmp_path / "job.json").read_text())["count"] == 10
        assert contents(tmp_path) == before


def test_progress_counts_what_was_there_before(tmp_path: Path) -> None:
    do(tmp_path)
    (tmp_path / "parts" / "000000008-000000010.npz").unlink()
    heard = Heard()
    do(tmp_path, progress=heard)
    assert (heard.total, heard.initial, heard.done) == (10, 8, 2)


def test_progress_is_told_after_every_chunk(tmp_path: Path) -> None:
    heard = Heard()
    do(tmp_path, 6, progress=heard)
    assert heard.steps == [1.0, 1.0, 1.0, 0.0, 1.0, 0.5, 0.5, 0.5, 0.0, 0.5]
    assert len(heard.values) == len(heard.steps) - 1, "the chunk that compiles has no speed"
    assert all(value >= 0 for value in heard.values)
    generator = FakeGenerator()
    generator.chunks = None  # the end of a sample is part of it
    heard = Heard()
    run_job(Job(6, 3), tmp_path / "open", _Ending(), heard)
    assert [step for step in heard.steps if step] == [4.0, 2.0]


class _Ending(FakeGenerator):
    """Does not know before how many chunks a sample has."""

    def __init__(self) -> None:
        super().__init__()
        self.chunks = None

    def advance(self, state: Any, noise: Any, forced: Any, conditions: Any) -> Any:
        chunk = super().advance(state, noise, forced, conditions)
        chunk.done = state == SHAPE[0] - 1
        return chunk


def test_other_settings_are_refused(tmp_path: Path) -> None:
    do(tmp_path, identity={"weights": "a", "step": 5})
    for unfinished in (False, True):
        if unfinished:
            (tmp_path / "job.json").unlink()
        before = contents(tmp_path)
        with pytest.raises(UsageError) as caught:
            do(tmp_path, 12, seed=4, identity={"weights": "b", "step": 5})
        assert str(caught.value).splitlines() == [
            f"{tmp_path} holds samples of another job. Give another folder with --out, "
            "or the settings of the job that is there.",
            "  count: 10 there, 12 now",
            "  seed: 3 there, 4 now",
            "  weights: 'a' there, 'b' now",
        ]
        assert contents(tmp_path) == before
    (tmp_path / "settings.json").unlink()
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


def test_primes_are_told_apart_by_values_and_mask() -> None:
    def digest(values: Any, mask: Any, conditions: Any = ()) -> Any:
        primes = Forced(values, mask, conditions)
        return Job(4, 0, primes=primes).settings(FakeGenerator())["primes"]

    zeros, ones = np.zeros((2, *SHAPE), np.uint8), np.ones((2, *SHAPE), np.uint8)
    found = [digest(zeros, ones), digest(ones, ones), digest(zeros, zeros),
             digest(zeros, ones, [{"class": "1"}, {}])]  # fmt: skip
    assert len(set(found)) == 4
    assert digest(zeros, np.broadcast_to(ones[:1], zeros.shape)) == found[0]


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
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_wish_to_stop_keeps_finished_parts(
    tmp_path: Path, in_flight: int, number: int, code: int
) -> None:
    do(tmp_path / "whole", 40)
    stop_now: list[int] = []

    def begins(first: int) -> None:
        if first >= 12:
            stop_now.append(number)

    generator = FakeGenerator(pause=0.002, before=begins)
    with pytest.raises(StoppedError) as caught:
        do(tmp_path / "cut", 40, generator, in_flight=in_flight,
           stop=lambda: stop_now[0] if stop_now else None)  # fmt: skip
    assert caught.value.exit_code == code
    assert caught.value.message == (
        f"stopped; finished parts are in {tmp_path / 'cut'}. The same command goes on."
    )
    left = contents(tmp_path / "cut")
    whole = contents(tmp_path / "whole")
    assert all(whole[name] == data for name, data in left.items())
    assert 1 < len(left) < len(whole)
    assert "samples.npz" not in left
    do(tmp_path / "cut", 40)
    assert contents(tmp_path / "cut") == whole


def test_a_job_stops_between_two_chunks(tmp_path: Path) -> None:
    asked: list[int] = []

    def stop() -> int | None:
        asked.append(1)
        return signal.SIGINT if len(asked) == 2 + SHAPE[0] else None

    generator = FakeGenerator()
    with pytest.raises(StoppedError):
        do(tmp_path, 4, generator, stop=stop)  # asked once for the part that might be there
    assert generator.asked == [[0, 1, 2, 3]]
    assert not (tmp_path / "job.json").exists()


def test_an_error_in_a_tile_comes_out(tmp_path: Path) -> None:
    def fails(first: int) -> None:
        if first == 8:
            raise FloatingPointError("of a tile")

    for in_flight in (1, 3):
        with pytest.raises(FloatingPointError, match="of a tile"):
            do(tmp_path / str(in_flight), generator=FakeGenerator(before=fails),
               in_flight=in_flight)  # fmt: skip


def test_a_job_killed_again_and_again_ends_with_the_same_bytes(tmp_path: Path) -> None:
    do(tmp_path / "whole", 160)
    moments = random.Random(5)
    kills = 0
    for in_flight in (4, 1, 3, 2):
        with worker(
            tmp_path / "cut", "--in-flight", in_flight, "--pause", 0.1, count=160
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()  # a chunk is drawn, others are under way
            time.sleep(moments.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            kills += process.wait(60) == -signal.SIGKILL
    assert kills == 4
    assert not (tmp_path / "cut" / "job.json").exists()
    with worker(tmp_path / "cut", "--in-flight", 2, count=160) as process:
        assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
