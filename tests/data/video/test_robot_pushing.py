"""Robot pushing: its folders, splits and features; clips that are short or damaged."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit.data import fingerprint, stock
from genkit.data.lazy import Lazy
from genkit.data.video import robot_pushing, stored
from genkit.data.video.dataset import VideoFeed
from genkit.data.video.robot_pushing import FOLDERS, file_name
from genkit.registry import datasets
from tests.video_files import example, jpeg, push, read, record, refused, section

VALUES: dict[str, Any] = {"name": "robot_pushing", "size": 4, "frames": 3}
Clips = Sequence[dict[str, Any]]
Write = Callable[..., Path]


@pytest.fixture
def write(put: Callable[[str, bytes], Path]) -> Write:
    def written(name: str, clips: Clips) -> Path:
        content = b"".join(record(example(clip)) for clip in clips)
        return put(f"robot_pushing/{name}", content)

    return written


@pytest.fixture
def small(write: Write) -> None:
    """Three training files of two clips, and a file in each test set."""
    for number in range(3):
        clips = [push(3, 10 * number + 1), push(4, 10 * number + 2)]
        write(file_name("push_train", number), clips)
    write(file_name("push_testseen", 0), [push(3, 50)])
    write(file_name("push_testnovel", 0), [push(3, 60)])


def first_states(split: Any) -> list[float]:
    return [round(float(state[0, 0]), 3) for state in split.conditions["state"][:]]


def test_splits_frames_states_and_actions(small) -> None:
    found = read(**VALUES)
    assert {name: first_states(split) for name, split in found.splits.items()} == {
        "train": [1, 2, 11, 12],
        "validation": [21, 22],
        "test": [50],
        "test_novel": [60],
    }
    train = found.split("train")
    assert train.clips.shape == (4, *section(**VALUES).video_shape()) == (4, 3, 4, 4, 3)
    np.testing.assert_allclose(train.clips[1, :, 0, 0, 0].astype(int), [20, 30, 40], atol=2)
    steps, axes = np.arange(3)[:, None], 0.1 * np.arange(5)
    np.testing.assert_allclose(train.conditions["state"][2], 11 + steps + axes, rtol=1e-6)
    np.testing.assert_allclose(train.conditions["action"][2], 11 - steps - axes, rtol=1e-6)
    assert found.notes == {
        "data": "robot_pushing",
        "preprocessing": "resized to 4x4 (bicubic, with areas averaged)",
        "part": "files of push_train 3 of 264, push_testseen 1 of 5, push_testnovel 1 of 5: not "
        "comparable with published figures",
    }
    batch = VideoFeed(train, 3, 0).batch(0)
    assert batch["condition/action"].shape == (3, 3, 5)


def test_short_names_of_folders(write: Write) -> None:
    write("train/a.tfrecord", [push(3, 1)])
    write("train/b.tfrecords", [push(3, 2)])
    write("testseen/a.tfrecord", [push(3, 3)])
    write("testnovel/a.tfrecord", [push(3, 4)])
    assert first_states(read(**VALUES).split("validation")) == [2]


@pytest.mark.parametrize(
    ("share", "count", "validation"), [(0.05, 20, 1), (0.3, 20, 6), (0.9, 3, 2), (0.01, 3, 1)]
)
def test_the_last_files_are_for_validation(
    write: Write, share: float, count: int, validation: int
) -> None:
    for number in range(count):
        write(f"push_train/{number:02d}.tfrecord", [push(2, number)])
    write("push_testseen/a.tfrecord", [push(2)])
    write("push_testnovel/a.tfrecord", [push(2)])
    found = read(**{**VALUES, "frames": 2}, validation_share=share)
    states = [*first_states(found.split("train")), *first_states(found.split("validation"))]
    assert states == list(range(count))
    assert len(found.split("validation")) == validation


def test_shorter_clips_are_left_out_and_told(write: Write, small) -> None:
    write(file_name("push_train", 0), [push(2), push(3, 7), push(1)])
    found = read(**VALUES)
    assert first_states(found.split("train")) == [7, 11, 12]
    assert found.notes["shorter than 3 frames"] == (
        "2, such as push_train.tfrecord-00000-of-00264, record 0"
    )
    assert "the split 'test' would be empty" in refused(**{**VALUES, "frames": 4})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"move/1/commanded_pose/vec_pitch_yaw": None},
         "has no 'move/1/commanded_pose/vec_pitch_yaw'"),
        ({"move/2/endeffector/vec_pitch_yaw": [0, 1, np.nan, 3, 4]},
         "'move/2/endeffector/vec_pitch_yaw' must be finite"),
        ({"move/0/endeffector/vec_pitch_yaw": [0, 1, 2]}, "needs 5 numbers. Received: 3"),
        ({"move/1/image/encoded": None}, "has no 'move/1/image/encoded', but later frames"),
        ({"move/1/image/encoded": b"no picture"}, "frame 1: not a readable picture"),
        ({"move/2/image/encoded": jpeg(np.zeros((8, 8, 3), np.uint8))[:-20]}, "frame 2: not a"),
    ],
)  # fmt: skip
def test_what_a_clip_lacks(
    write: Write, small, root: Path, change: dict[str, Any], message: str
) -> None:
    features = {**push(3), **change}
    kept = {name: value for name, value in features.items() if value is not None}
    write(file_name("push_testseen", 0), [push(3), kept])
    found = refused(**VALUES)
    path = root / "robot_pushing" / file_name("push_testseen", 0)
    assert found.startswith(f"{path}, record 1")
    assert message in found


def test_a_damaged_file(small, root: Path) -> None:
    path = root / "robot_pushing" / file_name("push_train", 1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    assert f"{path}, record 1: truncated" in refused(**VALUES)
    middle = len(whole) // 4
    path.write_bytes(whole[:middle] + b"\0\0\0\0" + whole[middle + 4 :])
    assert f"{path}, record 0: the checksum of its data is wrong" in refused(**VALUES)


def test_missing_files(write: Write, root: Path) -> None:
    message = refused(**VALUES)
    assert "push_train/push_train.tfrecord-00000-of-00264 and so on" in message
    assert "genkit data get robot_pushing" in message
    write("push_train/a.tfrecord", [push(3)])
    assert "push_testseen/push_testseen.tfrecord-00000-of-00005 and so on" in refused(**VALUES)
    write("push_testseen/a.tfrecord", [push(3)])
    write("push_testnovel/a.tfrecord", [push(3)])
    assert "training and validation need two files at least. Received: 1" in refused(**VALUES)


def test_how_frames_are_scaled(write: Write, small) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 3)).astype(np.uint8)
    packed = jpeg(pixels)
    clip = {**push(3), **{f"move/{i}/image/encoded": packed for i in range(3)}}
    write(file_name("push_testseen", 0), [clip])
    decoded = np.asarray(Image.open(io.BytesIO(packed)))
    points = read(**VALUES, resample="points").split("test").clips[0, 0]
    np.testing.assert_array_equal(points, decoded[::2, ::3])
    smooth = read(**VALUES).split("test").clips[0, 0]
    wanted = Image.fromarray(decoded).resize((4, 4), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(smooth, wanted)
    assert "multiples of data.size, 5. Received: 8x12" in refused(
        **{**VALUES, "size": 5}, resample="points"
    )


def test_prepared_once_and_mapped(small, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(**VALUES)
    folder = stock.prepare(section(**VALUES))
    assert folder is not None
    assert folder.parent == root / "prepared"
    monkeypatch.setattr(robot_pushing, "read_records", None)  # nothing is read again
    found = read(**VALUES, levels=16)
    assert found.notes["part"] == whole.notes["part"]
    for name, split in found.splits.items():
        assert isinstance(split.clips, Lazy)
        np.testing.assert_array_equal(np.asarray(split.clips), whole.split(name).clips >> 4)
        for key in ("state", "action"):
            np.testing.assert_array_equal(split.conditions[key], whole.split(name).conditions[key])
    exact = read(**VALUES).split("train")
    assert isinstance(exact.clips, np.memmap)
    batch = VideoFeed(exact, 5, 0).batch(0)
    assert type(batch["video"]) is np.ndarray
    (folder / "test_state.npy").unlink()
    assert "what was prepared there is damaged" in refused(**VALUES)


def test_what_is_left_after_an_interruption(
    small, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "robot_pushing" / file_name("push_testnovel", 0)).write_bytes(b"\0" * 40)
    with pytest.raises(Exception, match="checksum of its length"):
        stock.prepare(section(**VALUES))
    assert stored.folder(section(**VALUES)) is None
    assert not list(root.glob("prepared/*/.*"))


def test_what_does_not_fit_into_memory(small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "IN_MEMORY", 1000)
    assert "Once: genkit data prepare RECIPE" in refused(**VALUES)


def test_the_entry_knows_all_files(small) -> None:
    entry = datasets.get("robot_pushing")
    assert len(entry.originals) == entry.file_count == sum(FOLDERS.values())
    names = {file.name for file in entry.originals}
    assert file_name("push_train", 263) in names
    assert all(file.urls[0].endswith(f"/push/{file.name}") for file in entry.originals)
    files = robot_pushing.files(section(**VALUES))
    assert set(files) < names
    assert fingerprint.is_part(entry, files)
    assert stock.state(entry) == "a part"
