"""`genkit sample` of sound: files, pipes, signals, and what it refuses."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from genkit.artifacts.wav import HEADER_BYTES
from genkit_cli.main import cli
from tests import learners, tone
from tests.sampling.fake_sound import RATE, STRETCH, decoded, own_length
from tests.sampling.jobs import ROOT, contents

# Slow enough to be stopped under way: a second of sound takes at least two.
PAUSE = 0.02


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    with tone.registered():
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory: Any) -> Path:
    """A folder with the runs `tone` and `slow`."""
    folder = tmp_path_factory.mktemp("sounds")
    with tone.registered():
        for name, pause in (("tone", 0.0), ("slow", PAUSE)):
            values = learners.mapping(tone.NAME, steps=2, checkpoint_every=2)
            values["model"]["pause"] = pause
            (folder / f"{name}.yaml").write_text(json.dumps(values))
            command = ["train", str(folder / f"{name}.yaml"), "--run", str(folder / name)]
            result = CliRunner().invoke(cli, command)
            assert result.exit_code == 0, result.stderr
    return folder


def last(result: Any) -> Any:
    return json.loads(result.stdout.splitlines()[-1])


def read(path: str | Path) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    return samples


@contextlib.contextmanager
def process(*arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """A true `genkit` that knows the family."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'cli'}"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.tone", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def test_folder_file_and_pipe_hold_the_same_sound(run, runs: Path) -> None:
    trained, job = str(runs / "tone"), ("-n", "3", "--seed", "5")
    result = run("sample", trained, *job, "--out", "job", "--json")
    assert result.exit_code == 0, result.stderr
    names = ["recordings.png", "samples.npz", "000000.wav", "000001.wav", "000002.wav"]
    assert last(result)["files"] == [f"job/{name}" for name in names]
    every = [read(f"job/00000{i}.wav") for i in range(3)]
    assert [len(samples) for samples in every] == [own_length(i) for i in range(3)]

    result = run("sample", trained, "--seed", "5", "--out", "one.wav", "--json")
    assert result.exit_code == 0, result.stderr
    assert (last(result)["count"], last(result)["files"]) == (1, ["one.wav"])
    assert Path("one.wav").read_bytes() == Path("job/000000.wav").read_bytes()

    result = run("sample", trained, *job, "--out", "-")
    assert result.exit_code == 0, result.stderr
    piped = np.frombuffer(result.stdout_bytes[HEADER_BYTES:], "<i2")
    np.testing.assert_array_equal(piped, np.concatenate(every))


def test_shards_and_samples_in_flight_change_no_file(run, runs: Path, folder: Path) -> None:
    job = ("sample", str(runs / "tone"), "-n", "7", "--tile", "2")
    assert run(*job, "--out", "whole", "--batch-size", "2").exit_code == 0
    assert run(*job, "--out", "flight", "--batch-size", "6").exit_code == 0
    for shard in ("1/2", "0/2"):
        assert run(*job, "--out", "shards", "--shard", shard).exit_code == 0
    result = run("sample", "--merge", "shards")
    assert result.exit_code == 0, result.stderr
    whole = contents(folder / "whole")
    assert contents(folder / "flight") == contents(folder / "shards") == whole
    assert "000006.wav" in whole


def test_the_length_is_asked_for_or_of_the_recipe(run, runs: Path) -> None:
    result = run("sample", str(runs / "tone"), "--out", "x.wav", "--seconds", "0.05")
    assert result.exit_code == 0, result.stderr
    assert len(read("x.wav")) == 400
    values = learners.mapping(tone.NAME, steps=1, checkpoint_every=1)
    Path("short.yaml").write_text(json.dumps({**values, "sample": {"seconds": 0.03}}))
    assert run("train", "short.yaml", "--run", "short").exit_code == 0
    assert run("sample", "short", "--out", "y.wav").exit_code == 0
    assert len(read("y.wav")) == 240


def test_sound_goes_on_after_what_is_given(run, runs: Path) -> None:
    common = ("sample", str(runs / "tone"), "--prime", "test", "--seconds", "0.3")
    for name, keep, kept in (("x.wav", (), tone.PRIME), ("y.wav", ("--keep", "0.1"), 800)):
        result = run(*common, *keep, "--out", name)
        assert result.exit_code == 0, result.stderr
        found = read(name)
        assert len(found) == 2400
        assert (found[:kept] == decoded(np.array(tone.PRIME_VALUE))).all()
        assert len(np.unique(found[kept : kept + 200])) > 20


WRONG = [
    (
        ["tone", "--prime", "test", "--seconds", "0.2"],
        "--prime leaves nothing to draw: recording 0 fills all 0.2 s of a sample. Give longer "
        "--seconds, or --keep with fewer seconds.",
    ),
    (["tone", "--seconds", "0"], "Invalid value for '--seconds'"),
    (["tone", "--seconds", "inf"], "--seconds must be a finite number. Received: inf"),
    (["tone", "--fold", "3"], "--fold is for sound that follows a text. Leave it out."),
    (["tone", "--condition", "voice=3"], "--condition: unknown condition 'voice'."),
    (["tone", "--shard", "0/2"], "--shard needs a folder that keeps its parts. Received: --out x."),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=[" ".join(w[0]) for w in WRONG])
def test_wrong_usage_exits_2_and_leaves_the_file(
    run, runs: Path, arguments: list[str], says: str
) -> None:
    Path("x.wav").write_bytes(b"there before")
    run_name, *rest = arguments
    result = run("sample", str(runs / run_name), "--out", "x.wav", *rest)
    assert result.exit_code == 2, result.stderr
    assert says in result.stderr
    assert Path("x.wav").read_bytes() == b"there before"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--out", "x.wav"], "family 'gated_pixelcnn' draws no sound: --out takes a folder, or -"),
        (
            ["--out", "job", "--seconds", "1"],
            "--seconds (sample.seconds in the recipe) is for sound, which family 'gated_pixelcnn' "
            "does not draw. Leave it out.",
        ),
        (["--out", "-", "--fold", "1"], "--fold is for sound, which family 'gated_pixelcnn' does"),
    ],
)
def test_images_are_not_heard(run, textures: Path, arguments: list[str], says: str) -> None:
    result = run("sample", str(textures), *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert not list(Path().iterdir())


def test_shards_are_not_merged_into_a_file(run) -> None:
    result = run("sample", "--merge", "job", "--out", "x.wav")
    assert result.exit_code == 2
    assert "--merge puts shards together in a folder. Received: --out x.wav" in result.stderr


def test_a_file_that_cannot_be_made(run, runs: Path) -> None:
    result = run("sample", str(runs / "tone"), "--out", "nowhere/x.wav")
    assert result.exit_code == 1
    assert "nowhere/x.wav must be a file that can be written, in a folder that" in result.stderr


def test_a_pipe_is_heard_while_it_is_drawn(runs: Path) -> None:
    """And SIGTERM ends it after what was drawn."""
    with process("sample", runs / "slow", "--seconds", "60", "--out", "-") as piped:
        assert piped.stdout is not None
        data = piped.stdout.read(HEADER_BYTES)
        for _ in range(5):
            data += piped.stdout.read(2 * STRETCH)
        assert piped.poll() is None  # most of a minute is still to come
        piped.send_signal(signal.SIGTERM)
        rest, errors = piped.communicate(timeout=60)
    assert piped.returncode == 143, errors
    assert b"stopped after " in errors
    assert b"Traceback" not in errors
    sound = np.frombuffer((data + rest)[HEADER_BYTES:], "<i2")
    assert 5 * STRETCH <= len(sound) < 30 * RATE
    assert len(sound) % STRETCH == 0
    # Readers that believe in lengths take all there is.
    with wave.open(io.BytesIO(data + rest)) as file:
        found = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    np.testing.assert_array_equal(found, sound)
    if shutil.which("sox") is None:
        pytest.skip("sox is not installed")
    played = subprocess.run(["sox", "-t", "wav", "-", "-t", "raw", "-"], input=data + rest,
                            capture_output=True, timeout=60, check=True)  # fmt: skip
    np.testing.assert_array_equal(np.frombuffer(played.stdout, "<i2"), sound)


def test_a_file_that_is_stopped_holds_what_was_drawn(runs: Path, folder: Path) -> None:
    path = folder / "x.wav"
    command = ["sample", runs / "slow", "--seconds", "60", "--out", path, "--json"]
    with process(*command) as stopped:
        while not path.exists() or path.stat().st_size < HEADER_BYTES + 10 * STRETCH:
            assert stopped.poll() is None, "ended too early to be stopped"
            time.sleep(0.002)
        growing = read(path)
        stopped.send_signal(signal.SIGINT)
        output, errors = stopped.communicate(timeout=60)
    assert stopped.returncode == 130, errors
    message = json.loads(output.splitlines()[-1])["error"]["message"]
    found = read(path)
    assert message == f"stopped after {len(found) / RATE:.1f} s of sound, which {path} holds"
    assert path.stat().st_size == HEADER_BYTES + 2 * len(found)
    assert 0 < len(growing) <= len(found)
    np.testing.assert_array_equal(found[: len(growing)], growing)
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    asked = ["ffprobe", "-v", "warning", "-show_entries", "stream=duration", "-of", "csv=p=0"]
    probed = subprocess.run([*asked, path], capture_output=True, timeout=60, check=True, text=True)
    assert float(probed.stdout) == pytest.approx(len(found) / RATE, abs=1e-5)
    assert probed.stderr == ""


def test_a_killed_file_can_be_read(runs: Path, folder: Path) -> None:
    path = folder / "x.wav"
    with process("sample", runs / "slow", "--seconds", "60", "--out", path) as killed:
        while not path.exists() or path.stat().st_size < HEADER_BYTES + 10 * STRETCH:
            assert killed.poll() is None, "ended too early to be killed"
            time.sleep(0.002)
        killed.send_signal(signal.SIGKILL)
        killed.wait(60)
    found = read(path)
    assert len(found) >= 4 * STRETCH
    assert len(found) % STRETCH == 0


def test_a_closed_pipe_is_no_error(runs: Path) -> None:
    with process("sample", runs / "tone", "-n", "100000", "--out", "-") as piped:
        assert piped.stdout is not None
        assert piped.stdout.read(4) == b"RIFF"
        piped.stdout.close()
        assert piped.stderr is not None
        errors = piped.stderr.read()
        assert piped.wait(120) == 0, errors
    for word in (b"Error", b"Traceback", b"Exception ignored"):
        assert word not in errors


def test_pictures_during_training_can_be_heard(run) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    values = learners.mapping(tone.NAME, steps=2, checkpoint_every=2, sample_every=2, samples=2)
    Path("tone.yaml").write_text(json.dumps(values))
    result = run("train", "tone.yaml", "--run", "tone")
    assert result.exit_code == 0, result.stderr
    events = EventAccumulator("tone/tensorboard")
    events.Reload()
    assert events.Tags()["images"] == ["samples"]
    assert events.Tags()["audio"] == ["samples/0", "samples/1"]
    heard = events.Audio("samples/1")[0]
    assert (heard.sample_rate, heard.length_frames, heard.content_type) == (
        RATE, own_length(1), "audio/wav",
    )  # fmt: skip
    file = Path("tone/samples/step-2/000001.wav")
    assert heard.encoded_audio_string == file.read_bytes()
