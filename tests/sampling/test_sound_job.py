"""Jobs of recordings in a folder: the same files whatever happens on the way."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from genkit.artifacts import audio
from genkit.artifacts.npz import read_npz
from genkit.errors import UsageError
from genkit.family import Forced, SampleSettings
from genkit.sampling.job import Shard, merge_job
from genkit.sampling.request import refuse_nothing_to_draw
from tests.sampling import jobs
from tests.sampling.fake_sound import RATE, FakeSound, decoded, own_length
from tests.sampling.jobs import Heard, contents, worker

WAVS = [f"{i:06d}.wav" for i in range(10)]


def do(folder: Path, count: int = 10, generator: Any = None, **settings: Any) -> Any:
    return jobs.do(folder, count, generator or FakeSound(), **settings)


def test_what_a_job_leaves(tmp_path: Path) -> None:
    result = do(tmp_path)
    assert [path.name for path in result.files] == ["recordings.png", "samples.npz", *WAVS]
    manifest = json.loads((tmp_path / "job.json").read_text())
    assert manifest["outputs"] == ["recordings.png", "samples.npz", *WAVS]
    assert set(manifest["files"]) == {*manifest["outputs"], "parts.sha256"}
    facts = read_npz(tmp_path / "samples.npz")
    assert list(facts["length"]) == [own_length(i) for i in range(10)]
    assert list(facts["speaker"]) == [i % 3 for i in range(10)]
    part = read_npz(tmp_path / "parts" / "000000004-000000008.npz")
    assert part["samples"].shape == (4, max(part["length"]))
    for i in range(10):
        found, rate = soundfile.read(tmp_path / WAVS[i], dtype="int16")
        assert (rate, len(found)) == (RATE, own_length(i))
        if 4 <= i < 8:
            np.testing.assert_array_equal(found, part["samples"][i - 4, : len(found)])


@pytest.mark.parametrize("in_flight", [2, 5])
def test_the_number_of_tiles_in_flight_changes_no_byte(tmp_path: Path, in_flight: int) -> None:
    do(tmp_path / "one", 18)
    do(tmp_path / "many", 18, FakeSound(pause=0.001), in_flight=in_flight)
    assert contents(tmp_path / "many") == contents(tmp_path / "one")


@pytest.mark.parametrize("shards", [2, 3])
def test_shards_make_the_same_files(tmp_path: Path, shards: int) -> None:
    do(tmp_path / "whole")
    for number in reversed(range(shards)):
        do(tmp_path / f"machine{number}", shard=Shard(number, shards))
    result = merge_job([tmp_path / f"machine{i}" for i in range(shards)], tmp_path / "new")
    assert [path.name for path in result.files] == ["recordings.png", "samples.npz", *WAVS]
    assert contents(tmp_path / "new") == contents(tmp_path / "whole")


def test_a_damaged_part_is_drawn_again(tmp_path: Path) -> None:
    do(tmp_path)
    before = contents(tmp_path)
    part = tmp_path / "parts" / "000000004-000000008.npz"
    part.write_bytes(part.read_bytes()[:-40])
    generator, heard = FakeSound(), Heard()
    do(tmp_path, generator=generator, progress=heard)
    assert generator.asked == [[4, 5, 6, 7]]
    assert contents(tmp_path) == before
    assert heard.warnings == [f"1 part cannot be used: parts/{part.name} (damaged); drawn again"]


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("damage", ["deleted", "cut"])
def test_a_damaged_recording_is_written_again_without_drawing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str, listed: bool
) -> None:
    """Of a large job, whose recordings are listed in a file, as well."""
    monkeypatch.setattr(audio, "NAMED", 9 if listed else 10)
    result = do(tmp_path)
    assert (result.files[-1].name == "recordings.sha256") == listed
    assert do(tmp_path).complete_before
    before, path = contents(tmp_path), tmp_path / WAVS[7]
    path.unlink() if damage == "deleted" else path.write_bytes(path.read_bytes()[:-1])
    generator = FakeSound()
    assert not do(tmp_path, generator=generator).complete_before
    assert generator.asked == []
    assert contents(tmp_path) == before


def test_the_length_is_a_setting_of_the_job(tmp_path: Path) -> None:
    do(tmp_path, generator=FakeSound(SampleSettings(4, seconds=0.02)))
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert (settings["seconds"], settings["fold"]) == (0.02, None)
    with pytest.raises(UsageError) as caught:
        do(tmp_path, generator=FakeSound(SampleSettings(4, seconds=0.03)))
    assert [str(problem) for problem in caught.value.problems] == ["seconds: 0.02 there, 0.03 now"]


def test_consecutive_recordings_go_on_from_the_same_one(tmp_path: Path) -> None:
    values = np.stack([np.full(60, i, np.int32) for i in (10, 20)])
    do(tmp_path, 7, primes=Forced(values, np.ones_like(values)), completions=3)
    heard = [soundfile.read(tmp_path / name, dtype="int16")[0] for name in WAVS[:7]]
    for recording, own in zip(heard, (10, 10, 10, 20, 20, 20, 10), strict=True):
        assert (recording[:60] == decoded(np.array(own))).all()
    assert len({recording[60:150].tobytes() for recording in heard}) == 7


def test_nothing_to_draw_is_looked_for_in_every_recording_of_a_prime() -> None:
    class Asked(FakeSound):
        """The length of each recording is asked for."""

        def conditions(self, rows: Any, first_index: int) -> Any:
            return {"length": np.array([int(row["length"]) for row in rows])}

    values = np.zeros((2, 60), np.int32)
    given, rows = Forced(values, np.ones_like(values)), [{"length": "90"}] * 6
    refuse_nothing_to_draw(given, Asked(), rows, 3)
    refuse_nothing_to_draw(given, Asked(), rows[:1], 3)
    for number in range(6):
        short = [{"length": "50"} if i == number else row for i, row in enumerate(rows)]
        with pytest.raises(UsageError, match=f"recording {number // 3} fills all"):
            refuse_nothing_to_draw(given, Asked(), short, 3)


def test_images_have_no_length(tmp_path: Path) -> None:
    jobs.do(tmp_path)
    assert not {"seconds", "fold"} & set(json.loads((tmp_path / "settings.json").read_text()))


def test_a_killed_job_ends_with_the_same_files(tmp_path: Path) -> None:
    do(tmp_path / "whole", 60)
    with worker(tmp_path / "cut", "--sound", "--pause", 0.05, count=60) as process:
        assert process.stdout is not None
        for _ in range(12):  # a tile has five chunks and its end
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
    assert not (tmp_path / "cut" / "job.json").exists()
    assert list((tmp_path / "cut" / "parts").glob("*.npz"))
    with worker(tmp_path / "cut", "--sound", count=60) as process:
        assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
