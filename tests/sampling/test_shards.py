"""Shards of a job: dealt by a fixed rule, put together to what one process would have drawn."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from genkit.errors import MissingShardsError, RunError, UsageError
from genkit.sampling.job import Job, Shard, Tiles, merge_job, run_job
from tests.sampling.fake import FakeGenerator
from tests.sampling.jobs import Heard, contents, do, worker


@pytest.mark.parametrize("count", [1, 4, 10, 37])
@pytest.mark.parametrize("shards", [1, 3, 8])
def test_every_tile_belongs_to_one_shard(count: int, shards: int) -> None:
    tiles = Tiles(count, 4)
    every = [Shard(i, shards) for i in range(shards)]
    dealt = [list(tiles.of(shard)) for shard in every]
    assert sorted(number for own in dealt for number in own) == list(range(len(tiles)))
    assert all(number % shards == i for i, own in enumerate(dealt) for number in own)
    for shard in every:
        assert tiles.samples(shard) == sum(len(tiles[number]) for number in tiles.of(shard))
    assert tiles.samples(None) == count


def test_a_shard_by_name() -> None:
    assert Shard.parse("2/3") == Shard(2, 3)
    assert str(Shard(2, 3)) == "2/3"
    for text in ("", "1", "1/", "/3", "a/b", "-1/3", "1/3/5", " 1/3", "1.0/3", "٣/٤"):
        with pytest.raises(UsageError) as caught:
            Shard.parse(text)
        assert caught.value.message == (
            f"--shard takes I/N, such as 0/4 for the first of four. Received: '{text}'"
        )
    for text in ("3/3", "7/3"):
        with pytest.raises(UsageError) as caught:
            Shard.parse(text)
        assert caught.value.message == (
            f"--shard: shards are counted from 0, 0 to 2. Received: '{text}'"
        )
    with pytest.raises(UsageError, match="at least one is needed"):
        Shard.parse("0/0")


@pytest.mark.parametrize("shards", [1, 3, 8])
@pytest.mark.parametrize("order", ["forwards", "backwards"])
def test_shards_make_the_same_files(tmp_path: Path, shards: int, order: str) -> None:
    do(tmp_path / "whole", 22)
    numbers = range(shards) if order == "forwards" else reversed(range(shards))
    drawn = 0
    for number in numbers:
        shard = Shard(number, shards)
        result = do(tmp_path / "job", 22, in_flight=number % 3 + 1, shard=shard)
        record = tmp_path / "job" / "shards" / f"{number}-of-{shards}.json"
        assert result.files == [record]
        assert json.loads(record.read_text())["count"] == result.count
        drawn += result.count
        assert not (tmp_path / "job" / "job.json").exists()
    assert drawn == 22
    result = merge_job([tmp_path / "job"])
    assert (result.count, result.complete_before) == (22, False)
    assert contents(tmp_path / "job") == contents(tmp_path / "whole")
    one, other = (json.loads((tmp_path / n / "job.json").read_text()) for n in ("job", "whole"))
    assert one.pop("seconds") >= 0
    assert other.pop("seconds") >= 0
    assert one == other


def test_shards_of_several_folders(tmp_path: Path) -> None:
    do(tmp_path / "whole", 22)
    folders = [tmp_path / f"machine{i}" for i in range(3)]
    for number, folder in enumerate(folders):
        do(folder, 22, shard=Shard(number, 3))
    before = [contents(folder) for folder in folders]
    result = merge_job(folders, tmp_path / "new")
    assert [path.parent for path in result.files] == [tmp_path / "new"] * 2
    assert contents(tmp_path / "new") == contents(tmp_path / "whole")
    assert [contents(folder) for folder in folders] == before
    merge_job(folders)  # into the first one
    assert contents(folders[0]) == contents(tmp_path / "whole")
    assert [contents(folder) for folder in folders[1:]] == before[1:]


def test_a_merged_job_is_reused(tmp_path: Path) -> None:
    for number in range(2):
        do(tmp_path, shard=Shard(number, 2))
    merge_job([tmp_path])
    times = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    again = merge_job([tmp_path])
    assert again.complete_before
    assert [path.name for path in again.files] == ["grid.png", "samples.npz"]
    generator = FakeGenerator()
    assert do(tmp_path, generator=generator).complete_before
    assert do(tmp_path, generator=generator, shard=Shard(1, 2)).complete_before
    assert generator.asked == []
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == times


def test_missing_shards_are_named(tmp_path: Path) -> None:
    do(tmp_path, 26, shard=Shard(1, 3))
    before = contents(tmp_path)
    with pytest.raises(MissingShardsError) as caught:
        merge_job([tmp_path])
    assert caught.value.exit_code == 3
    assert str(caught.value).splitlines() == [
        f"{tmp_path} cannot be put together: 5 of 7 tiles cannot be used. "
        "Give each one's command again; what is finished is kept.",
        "  --shard 0/3: 3 of 3 tiles missing, the first is samples 0 to 3",
        "  --shard 2/3: 2 of 2 tiles missing, the first is samples 8 to 11",
    ]
    assert contents(tmp_path) == before
    do(tmp_path, 26, shard=Shard(0, 3))
    do(tmp_path, 26, shard=Shard(2, 3))
    assert merge_job([tmp_path]).count == 26


def test_what_is_missing_can_be_drawn_without_shards(tmp_path: Path) -> None:
    do(tmp_path / "whole", 26)
    do(tmp_path / "job", 26, shard=Shard(1, 3))
    generator = FakeGenerator()
    do(tmp_path / "job", 26, generator)
    assert [asked[0] for asked in generator.asked] == [0, 8, 12, 20, 24]
    assert contents(tmp_path / "job") == contents(tmp_path / "whole")


def test_tiles_are_named_where_shards_are_not_known(tmp_path: Path) -> None:
    do(tmp_path, 100)
    for path in (tmp_path / "parts").iterdir():
        path.unlink()
    with pytest.raises(MissingShardsError) as caught:
        merge_job([tmp_path])
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        f"{tmp_path} cannot be put together: 25 of 25 tiles cannot be used. "
        "The sampling command, without --shard, draws what is missing."
    )
    assert lines[1] == "  parts/000000000-000000004.npz: missing"
    assert lines[-1] == "  and 15 more"


def test_damage_is_found_while_merging(tmp_path: Path) -> None:
    """All of it at once; what says that a shard is finished is taken back."""
    folders = [tmp_path / "a", tmp_path / "b"]
    for number, folder in enumerate(folders):
        do(folder, shard=Shard(number, 2))
    name = "parts/000000004-000000008.npz"
    (folders[1] / name).write_bytes((folders[1] / name).read_bytes()[:-9])
    last = folders[0] / "parts" / "000000008-000000010.npz"
    last.write_bytes((folders[0] / "parts" / "000000000-000000004.npz").read_bytes())
    with pytest.raises(MissingShardsError) as caught:
        merge_job(folders)
    assert [str(problem) for problem in caught.value.problems] == [
        "--shard 0/2: 1 of 2 tiles holds other samples, the first is samples 8 to 9",
        "--shard 1/2: 1 of 1 tiles damaged, the first is samples 4 to 7",
    ]
    assert not any(path.suffix == ".tmp" for path in folders[0].iterdir())
    assert not (folders[0] / "samples.npz").exists()
    for number, folder in enumerate(folders):
        assert not (folder / "shards" / f"{number}-of-2.json").exists()
        do(folder, shard=Shard(number, 2))
    merge_job(folders)
    do(tmp_path / "whole")
    assert contents(folders[0]) == contents(tmp_path / "whole")


def test_a_damaged_part_of_a_shard_is_drawn_again(tmp_path: Path) -> None:
    shard = Shard(0, 2)
    do(tmp_path, shard=shard)
    before = contents(tmp_path)
    part = tmp_path / "parts" / "000000008-000000010.npz"
    part.write_bytes(part.read_bytes()[:100])
    generator, heard = FakeGenerator(), Heard()
    assert not do(tmp_path, generator=generator, progress=heard, shard=shard).complete_before
    assert generator.asked == [[8, 9, 10, 11]]
    assert heard.warnings == [f"1 part cannot be used: parts/{part.name} (damaged); drawn again"]
    assert contents(tmp_path) == before
    assert do(tmp_path, generator=generator, shard=shard).complete_before


def test_shards_of_other_settings_or_numbers_are_refused(tmp_path: Path) -> None:
    do(tmp_path, shard=Shard(0, 2))
    with pytest.raises(UsageError) as caught:
        do(tmp_path, seed=4, shard=Shard(1, 2))
    assert str(caught.value.problems[0]) == "seed: 3 there, 4 now"
    with pytest.raises(UsageError) as caught:
        do(tmp_path, shard=Shard(1, 3))
    assert caught.value.message == (
        f"{tmp_path} is drawn in 2 shards (shards/0-of-2.json). Received: --shard 1/3. Give "
        "--shard I/2, or leave --shard out to draw all that is missing; to deal the tiles anew, "
        f"remove {tmp_path / 'shards'} while no shard runs."
    )
    do(tmp_path, shard=Shard(1, 2))  # nothing of the refused one stands in the way
    merge_job([tmp_path])


def test_folders_that_cannot_be_merged_are_all_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    do(tmp_path / "job", shard=Shard(0, 1))
    names = [tmp_path / name for name in ("job", "none", "empty")]
    with pytest.raises(UsageError) as caught:
        merge_job(names)
    assert str(caught.value).splitlines() == [
        "--merge takes folders that `genkit sample --out` made",
        f"  {names[1]}: no such folder",
        f"  {names[2]}: holds no sampling job: it has no readable settings.json",
    ]
    do(tmp_path / "other", 12, seed=5, shard=Shard(0, 1))
    with pytest.raises(UsageError) as caught:
        merge_job([names[0], tmp_path / "other"])
    assert str(caught.value).splitlines() == [
        f"{names[0]} (there) and {tmp_path / 'other'} are of different jobs",
        f"  count: 10 there, 12 in {tmp_path / 'other'}",
        f"  seed: 3 there, 5 in {tmp_path / 'other'}",
    ]
    with pytest.raises(UsageError, match="are of different jobs"):
        merge_job([names[0]], tmp_path / "other")


HERE: dict[str, Any] = {"cpus": 2, "cpu_flags": ["avx", "fma"], "backend": {"version": "1"}}
THERE: dict[str, Any] = {"cpus": 4, "cpu_flags": ["avx", "avx2"], "backend": {"version": "1"}}


def test_mixtures_are_refused_unless_allowed(tmp_path: Path) -> None:
    do(tmp_path, shard=Shard(0, 2), fingerprint=HERE)
    heard = Heard()
    do(tmp_path, shard=Shard(1, 2), fingerprint=THERE, progress=heard)
    assert heard.warnings == [
        "other shards were drawn under other versions or settings, or on another machine, so "
        "that --merge will need --allow-mixed (cpu_flags: fma only there; avx2 only here; "
        "cpus: 2 there, 4 now)"
    ]
    with pytest.raises(UsageError) as caught:
        merge_job([tmp_path])
    assert caught.value.message == (
        "parts/000000000-000000004.npz and parts/000000004-000000008.npz were drawn under "
        "different versions, settings or machines, so that the whole is not what one of them "
        "alone would draw. Give --allow-mixed to put them together all the same; job.json then "
        "says so."
    )
    assert [problem.key for problem in caught.value.problems] == ["cpu_flags", "cpus"]
    assert not (tmp_path / "job.json").exists()
    merge_job([tmp_path], allow_mixed=True)
    manifest = json.loads((tmp_path / "job.json").read_text())
    assert manifest["fingerprint"] is None
    told = {entry["fingerprint"]["cpus"]: entry for entry in manifest["mixture"]}
    assert told[2] == {"fingerprint": HERE, "parts": 2, "samples": 6}
    assert told[4] == {"fingerprint": THERE, "parts": 1, "samples": 4}
    assert merge_job([tmp_path]).complete_before, "nothing is put together, so nothing mixed"


@pytest.mark.parametrize("shard", [None, Shard(0, 1)])
def test_a_job_does_not_go_on_elsewhere_unless_that_is_allowed(
    tmp_path: Path, shard: Shard | None
) -> None:
    do(tmp_path, shard=shard, fingerprint=HERE)
    (tmp_path / "parts" / "000000004-000000008.npz").unlink()
    generator = FakeGenerator()
    with pytest.raises(UsageError) as caught:
        do(tmp_path, generator=generator, shard=shard, fingerprint=THERE)
    assert caught.value.message.startswith(
        f"parts/000000000-000000004.npz in {tmp_path} was drawn under other versions"
    )
    assert [problem.key for problem in caught.value.problems] == ["cpu_flags", "cpus"]
    assert generator.asked == []
    do(tmp_path, shard=shard, fingerprint=THERE, allow_mixed=True)
    if shard is None:
        mixture = json.loads((tmp_path / "job.json").read_text())["mixture"]
        assert sorted(entry["samples"] for entry in mixture) == [4, 6]


def test_more_shards_than_tiles(tmp_path: Path) -> None:
    result = do(tmp_path, shard=Shard(5, 8))
    assert (result.count, result.complete_before) == (0, False)
    assert do(tmp_path, shard=Shard(5, 8)).complete_before
    for number in range(3):
        do(tmp_path, shard=Shard(number, 8))
    assert merge_job([tmp_path]).count == 10


def test_who_draws_beside_whom(tmp_path: Path) -> None:
    with worker(tmp_path, "--shard", "0/2", "--pause", 0.5) as process:
        assert process.stdout is not None
        process.stdout.readline()
        who = rf"by process {process.pid} on "
        do(tmp_path, 60, shard=Shard(1, 2))
        with pytest.raises(RunError, match=rf"shard 0/2 in {tmp_path} is being written {who}"):
            do(tmp_path, 60, shard=Shard(0, 2))
        with pytest.raises(RunError, match=rf"{tmp_path} is being drawn: shard 0/2 {who}"):
            do(tmp_path, 60)
        with pytest.raises(MissingShardsError, match=rf"--shard 0/2.*process {process.pid} on"):
            merge_job([tmp_path])
    with worker(tmp_path, "--pause", 0.5) as process:
        assert process.stdout is not None
        process.stdout.readline()
        says = rf"the job in {tmp_path} is being written by process {process.pid} on .* --out"
        for shard in (None, Shard(0, 2)):
            with pytest.raises(RunError, match=says):
                do(tmp_path, 60, shard=shard)


def test_shards_begun_at_once_by_two_processes_of_different_jobs(tmp_path: Path) -> None:
    """One of them wins the folder; the other one draws nothing."""
    job = Job(10, 3, shard=Shard(0, 2))
    first = FakeGenerator(before=lambda index: _begin(tmp_path))
    run_job(job, tmp_path, first)
    assert json.loads((tmp_path / "settings.json").read_text())["seed"] == 3


def _begin(folder: Path) -> None:
    other = FakeGenerator()
    with pytest.raises(UsageError, match="holds samples of another job"):
        run_job(Job(10, 4, shard=Shard(1, 2)), folder, other)
    assert other.asked == []


def test_shards_killed_and_begun_anew_merge_to_the_same_bytes(tmp_path: Path) -> None:
    do(tmp_path / "whole", 60)
    folder = tmp_path / "job"
    with worker(folder, "--shard", "0/3", "--pause", 0.05) as one, \
         worker(folder, "--shard", "1/3", "--pause", 0.05, "--in-flight", 2) as other:  # fmt: skip
        for process in (one, other):
            assert process.stdout is not None
            process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
    for number in (2, 1, 0):
        do(folder, 60, shard=Shard(number, 3))
    merge_job([folder])
    assert contents(folder) == contents(tmp_path / "whole")
