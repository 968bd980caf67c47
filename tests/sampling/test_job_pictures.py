"""Pictures of a job: how images were drawn, and completions; whatever happens on the way."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit.artifacts import Given, Sequences
from genkit.artifacts.npz import read_npz
from genkit.artifacts.pictures import animation, completions
from genkit.building import build_learner
from genkit.errors import StoppedError, UsageError
from genkit.family import Chunk, Forced, SampleSettings
from genkit.recipe import from_mapping
from genkit.registry import families
from genkit.sampling.job import Job, Shard, merge_job, run_job
from genkit.sampling.job.given import read_given, write_given
from tests.sampling.fake import LEVELS, SHAPE, FakeGenerator
from tests.sampling.fake_sound import FakeSound
from tests.sampling.jobs import Heard, contents

GIF = "sampling.gif"


def do(folder: Path, count: int = 10, generator: Any = None, **settings: Any) -> Any:
    """A job of fake samples."""
    options = {key: settings.pop(key) for key in ("animate", "stop", "progress") if key in settings}
    return run_job(Job(count, 3, **settings), folder, generator or FakeGenerator(), **options)


def primes(count: int = 3, conditions: Sequence[Any] = ()) -> Forced:
    """Images of one value each, whose first row is given."""
    values = np.stack([np.full(SHAPE, i, np.uint8) for i in range(count)])
    mask = np.zeros_like(values)
    mask[:, 0] = 1
    return Forced(values, mask, conditions)


def samples(folder: Path) -> np.ndarray:
    return read_npz(folder / "samples.npz")["samples"]


def facts(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "job.json").read_text())
    return found


def names(result: Any) -> list[str]:
    return [path.name for path in result.files]


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


# Animations


@pytest.mark.parametrize("count", [3, 10, 40])
def test_an_animation_is_one_more_file(tmp_path: Path, count: int) -> None:
    do(tmp_path / "plain", count)
    result = do(tmp_path / "job", count, animate=True)
    assert names(result) == ["grid.png", "samples.npz", GIF]
    found = contents(tmp_path / "job")
    assert found.pop(GIF) == animation(samples(tmp_path / "job")[:16], LEVELS)
    assert found == contents(tmp_path / "plain")
    plain, animated = facts(tmp_path / "plain"), facts(tmp_path / "job")
    assert animated["outputs"] == [*plain["outputs"], GIF]
    assert set(animated["files"]) == {*plain["files"], GIF}
    for key in ("outputs", "files", "seconds"):
        plain.pop(key), animated.pop(key)
    assert animated == plain


def test_it_is_added_to_a_finished_job_and_stays(tmp_path: Path) -> None:
    do(tmp_path)
    before, before_times = facts(tmp_path), times(tmp_path)
    generator = FakeGenerator()
    result = do(tmp_path, generator=generator, animate=True)
    assert result.complete_before
    assert names(result) == ["grid.png", "samples.npz", GIF]
    assert generator.asked == []
    after, after_times = facts(tmp_path), times(tmp_path)
    changed = {path.name for path in after_times if after_times[path] != before_times.get(path)}
    assert changed <= {GIF, "job.json", "lock"}
    assert after["outputs"] == [*before["outputs"], GIF]
    assert after["files"].pop(GIF)
    assert {**after, "outputs": before["outputs"]} == before
    for animate in (True, False):
        again = do(tmp_path, generator=generator, animate=animate)
        assert (again.complete_before, names(again)) == (True, names(result))
        assert merge_job([tmp_path], animate=animate).complete_before
    assert generator.asked == []
    assert times(tmp_path) == after_times
    do(tmp_path / "whole", animate=True)
    assert (tmp_path / GIF).read_bytes() == (tmp_path / "whole" / GIF).read_bytes()


@pytest.mark.parametrize("damage", ["deleted", "damaged"])
@pytest.mark.parametrize("name", [GIF, "grid.png", "parts/000000004-000000008.npz"])
def test_it_is_kept_up_like_the_other_files(tmp_path: Path, name: str, damage: str) -> None:
    """Without being asked for again."""
    do(tmp_path, animate=True)
    before = contents(tmp_path)
    if damage == "deleted":
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(b"not what it was")
    assert not do(tmp_path).complete_before
    assert contents(tmp_path) == before
    assert facts(tmp_path)["outputs"] == ["grid.png", "samples.npz", GIF]


def test_a_job_that_was_stopped_goes_on_to_its_animation(tmp_path: Path) -> None:
    do(tmp_path / "whole", 20, animate=True)
    asked: list[int] = []

    def stop() -> int | None:
        asked.append(1)
        return signal.SIGINT if len(asked) == 14 else None

    with pytest.raises(StoppedError):
        do(tmp_path / "cut", 20, stop=stop, animate=True)
    assert list((tmp_path / "cut" / "parts").iterdir())
    assert not (tmp_path / "cut" / GIF).exists()
    do(tmp_path / "cut", 20, animate=True)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


@pytest.mark.parametrize("given", [None, primes()], ids=["free", "completed"])
@pytest.mark.parametrize("shared", [True, False])
def test_shards_are_animated_when_they_are_merged(
    tmp_path: Path, given: Forced | None, shared: bool
) -> None:
    do(tmp_path / "whole", 22, primes=given, animate=True)
    folders = [tmp_path / ("job" if shared else f"job{i}") for i in range(3)]
    for number, folder in enumerate(folders):
        record = do(folder, 22, shard=Shard(number, 3), primes=given)
        assert record.files == [folder / "shards" / f"{number}-of-3.json"]
        assert not (folder / GIF).exists()
    result = merge_job(folders, tmp_path / "new", animate=True)
    assert GIF in names(result)
    assert contents(tmp_path / "new") == contents(tmp_path / "whole")
    one, other = facts(tmp_path / "new"), facts(tmp_path / "whole")
    assert {**one, "seconds": 0} == {**other, "seconds": 0}
    # What was merged without it gets it afterwards, from a merge or the sampling command.
    merge_job(folders, tmp_path / "later")
    shutil.copytree(tmp_path / "later", tmp_path / "last")
    assert not (tmp_path / "later" / GIF).exists()
    assert merge_job([tmp_path / "later"], animate=True).complete_before
    assert do(tmp_path / "last", 22, primes=given, animate=True).complete_before
    for name in ("later", "last"):
        assert contents(tmp_path / name) == contents(tmp_path / "whole")


def test_a_shard_that_is_animated_leaves_it_to_the_merge(tmp_path: Path) -> None:
    for _ in range(2):
        do(tmp_path, shard=Shard(0, 1), animate=True)
    assert not (tmp_path / GIF).exists()


def test_other_kinds_of_samples_are_refused(tmp_path: Path) -> None:
    says = (
        f"--animate is for images that are drawn pixel by pixel. {tmp_path} holds samples of "
        "another kind, {}. Leave it out."
    )

    class Numbers(FakeGenerator):
        def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> Any:
            (images,) = super().finish(chunks, indices)
            flat = images.samples.reshape(len(indices), -1)
            return [Sequences(flat, images.log_prob, images.index, LEVELS)]

    with pytest.raises(UsageError) as caught:
        do(tmp_path, generator=Numbers(), animate=True)
    assert caught.value.message == says.format("sequences")
    assert not list(tmp_path.rglob("*.npz"))
    shutil.rmtree(tmp_path)

    for number in range(2):
        do(tmp_path, generator=FakeSound(), shard=Shard(number, 2))
    before = contents(tmp_path)
    with pytest.raises(UsageError) as caught:
        merge_job([tmp_path], animate=True)
    assert caught.value.message == says.format("audio")
    assert contents(tmp_path) == before
    merge_job([tmp_path])
    before = contents(tmp_path)
    with pytest.raises(UsageError):
        merge_job([tmp_path], animate=True)
    assert contents(tmp_path) == before


# Completions


@pytest.mark.parametrize(
    ("count", "given", "each", "table"),
    [
        (10, 3, 1, [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]),
        (10, 3, 2, [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5]]),
        (10, 3, 4, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]),
        (4, 3, 10, [[0, 1, 2, 3], [], []]),
        (40, 1, 1, [list(range(16))]),
        (40, 20, 1, [[i, i + 20] for i in range(16)]),
    ],
)
def test_which_samples_complete_which_image(
    count: int, given: int, each: int, table: list[list[int]]
) -> None:
    job = Job(count, 3, primes=primes(given), completions=each)
    found = job.given(FakeGenerator())
    assert found is not None
    assert [[int(i) for i in row if i >= 0] for row in found.samples] == table
    assert len(found.values) == len(found.mask) == len(table)
    for row, own in enumerate(table):
        assert {job.prime(i) for i in own} <= {row}
    forced = job.forced(range(count))
    assert forced is not None
    assert list(forced.values[:, 0, 0, 0]) == [job.prime(i) for i in range(count)]


def test_consecutive_samples_complete_the_same_image(tmp_path: Path) -> None:
    own = [{"class": "4"}, {"class": "2"}, {}]
    asked = [{"class": "1"} if i == 1 else {} for i in range(10)]
    do(tmp_path, primes=primes(3, own), completions=4, conditions=asked)
    arrays = read_npz(tmp_path / "samples.npz")
    assert (arrays["samples"][:, 0, :, 0].T == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]).all()
    assert list(arrays["label"]) == [4, 1, 4, 4, 2, 2, 2, 2, 3, 4]
    # They are drawn each by itself.
    assert len({image.tobytes() for image in arrays["samples"][:4]}) == 4
    assert facts(tmp_path)["settings"]["completions"] == 4


def test_how_many_complete_an_image_is_a_setting(tmp_path: Path) -> None:
    do(tmp_path, primes=primes())
    assert "completions" not in facts(tmp_path)["settings"]
    with pytest.raises(UsageError, match=r"completions: None there, 2 now"):
        do(tmp_path, primes=primes(), completions=2)


def test_a_job_that_completes_images_leaves_a_picture_of_them(tmp_path: Path) -> None:
    result = do(tmp_path, 30, primes=primes(5), completions=2)
    assert names(result) == ["grid.png", "completions.png", "samples.npz"]
    given = read_given([tmp_path], facts(tmp_path)["settings_digest"])
    assert given is not None
    images = samples(tmp_path)
    with Image.open(tmp_path / "completions.png") as found:
        wanted = completions(given, dict(enumerate(images)), LEVELS)
        np.testing.assert_array_equal(np.asarray(found), wanted)
    assert given.samples[1, :6].tolist() == [2, 3, 12, 13, 22, 23]
    do(tmp_path, 30, primes=primes(5), completions=2, animate=True)
    mask = np.zeros((16, *SHAPE), np.uint8)
    mask[:, 0] = 1
    assert (tmp_path / GIF).read_bytes() == animation(images[:16], LEVELS, mask)


def test_sound_has_no_such_picture(tmp_path: Path) -> None:
    values = np.zeros((2, 80), np.int32)
    do(tmp_path, generator=FakeSound(), primes=Forced(values, np.ones_like(values)))
    assert not (tmp_path / "given.npz").exists()
    assert "completions.png" not in facts(tmp_path)["outputs"]


def test_merging_without_what_was_given(tmp_path: Path) -> None:
    """Parts alone are a job, but they do not say what was given."""
    do(tmp_path / "whole", primes=primes())
    for number in range(2):
        do(tmp_path / "job", shard=Shard(number, 2), primes=primes())
    given = (tmp_path / "job" / "given.npz").read_bytes()
    for damage in (None, given[:200], (tmp_path / "whole" / "samples.npz").read_bytes()):
        shutil.copytree(tmp_path / "job", tmp_path / "parts")
        (tmp_path / "parts" / "given.npz").unlink()
        if damage is not None:
            (tmp_path / "parts" / "given.npz").write_bytes(damage)
        with pytest.raises(UsageError) as caught:
            merge_job([tmp_path / "parts"], animate=True)
        assert caught.value.message == (
            f"--animate: {tmp_path / 'parts'} has no given.npz that says which pixels were given. "
            "Copy it from a folder where a shard was drawn, or give --animate to the sampling "
            "command, without --shard."
        )
        heard = Heard()
        assert names(merge_job([tmp_path / "parts"], None, heard)) == ["grid.png", "samples.npz"]
        assert heard.warnings == [
            f"no picture of completions: {tmp_path / 'parts'} has no given.npz. For one, copy it "
            "from a folder where a shard was drawn, remove job.json and merge again."
        ]
        assert GIF in names(do(tmp_path / "parts", primes=primes(), animate=True))
        (tmp_path / "parts" / "given.npz").write_bytes(given)
        (tmp_path / "parts" / "job.json").unlink()
        assert "completions.png" in names(merge_job([tmp_path / "parts"]))
        shutil.rmtree(tmp_path / "parts")
    # Any of the folders may have it.
    shutil.copytree(tmp_path / "job", tmp_path / "first")
    (tmp_path / "first" / "given.npz").unlink()
    assert "completions.png" in names(merge_job([tmp_path / "first", tmp_path / "job"]))
    assert contents(tmp_path / "first") == contents(tmp_path / "whole")


def test_shards_may_say_what_was_given_at_the_same_time(tmp_path: Path) -> None:
    given = Job(40, 3, primes=primes()).given(FakeGenerator())
    assert isinstance(given, Given)
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(write_given, tmp_path, given, "digest") for _ in range(24)]:
            done.result()
    assert [path.name for path in tmp_path.iterdir()] == ["given.npz"]
    found = read_given([tmp_path / "none", tmp_path], "digest")
    assert found is not None
    np.testing.assert_array_equal(found.samples, given.samples)
    assert read_given([tmp_path], "another") is None


# Every family


def variants() -> list[tuple[str, str]]:
    """Of each family that draws images: a tiny configuration in colour, one of several scales."""
    found: dict[tuple[str, bool], str] = {}
    for name in (name for name in families.names() if families.get(name).autoregressive):
        for variant, values in families.get(name).tiny.items():
            if values.get("data", {}).get("channels") == 3:
                found.setdefault((name, "multiscale" in values["model"]), variant)
    return [(name, variant) for (name, _), variant in found.items()]


@pytest.mark.parametrize(("family", "variant"), variants())
def test_every_family_of_images(tmp_path: Path, family: str, variant: str) -> None:
    assert {"gated_pixelcnn", "pixelrnn"} <= {name for name, _ in variants()}
    sections = families.get(family).tiny[variant]
    learner = build_learner(from_mapping({"name": "tiny", "family": family, **sections}, "tiny"))
    primes = learner.primes("test", "left")
    generator = learner.generator(SampleSettings(4))
    result = do(tmp_path, 6, generator, primes=primes, completions=2, animate=True)
    assert names(result) == ["grid.png", "completions.png", "samples.npz", GIF]
    given = read_given([tmp_path], facts(tmp_path)["settings_digest"])
    assert given is not None
    images, levels = samples(tmp_path), sections["data"]["levels"]
    originals, half = learner.split("test").images[[0, 0, 1, 1, 2, 2]], images.shape[2] // 2
    np.testing.assert_array_equal(images[:, :, :half], originals[:, :, :half])
    mask = np.zeros_like(images)
    mask[:, :, :half] = 1
    assert (tmp_path / GIF).read_bytes() == animation(images, levels, mask)
    with Image.open(tmp_path / "completions.png") as found:
        wanted = completions(given, dict(enumerate(images)), levels)
        np.testing.assert_array_equal(np.asarray(found), wanted)
