"""Videos of one's own: folders of files and of pictures, arrays, and what is wrong with them."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit.data import stock
from genkit.data.fingerprint import fingerprint
from genkit.data.video import own
from tests.video_files import animated, clip, put_frames, read, refused, section

VALUES: dict[str, Any] = {"name": "videos", "path": "films", "height": 4, "width": 6, "frames": 3}
Put = Callable[[str, bytes], Path]


@pytest.fixture
def films(put: Put) -> None:
    """Ten GIFs; film i begins with the grey value 10 i."""
    for i in range(10):
        put(f"films/{i}.gif", animated(clip(3, start=10 * i)))


def firsts(split: Any) -> list[int]:
    """The grey value that each clip begins with."""
    return [int(value) for value in split.clips[:, 0, 0, 0, 0]]


# Folders


def test_a_folder_of_films_is_split_by_a_permutation(films) -> None:
    found = read(**VALUES)
    every = [value for split in found.splits.values() for value in firsts(split)]
    assert sorted(every) == [10 * i for i in range(10)]
    assert [len(found.split(name)) for name in ("train", "validation", "test")] == [8, 1, 1]
    np.testing.assert_array_equal(found.split("test").clips[0], clip(3, start=firsts(
        found.split("test"))[0]))  # fmt: skip
    assert found.notes["preprocessing"] == "4x6 colour, crop, box"
    again = read(**VALUES, levels=4)
    assert firsts(again.split("train")) == [v >> 6 for v in firsts(found.split("train"))]


def test_sub_folders_are_splits(put: Put) -> None:
    for i, name in enumerate(["train/a", "train/b", "train/deep/c", "test/d", "val/e"]):
        put(f"films/{name}.gif", animated(clip(3, start=20 * i)))
    found = read(**VALUES)
    assert {name: firsts(split) for name, split in found.splits.items()} == {
        "train": [0, 20, 40],
        "test": [60],
        "validation": [80],
    }
    put("films/left.gif", animated(clip(3)))
    assert "left.gif and 0 more videos are in none of them" in refused(**VALUES)


def test_validation_is_taken_from_training(put: Put) -> None:
    for i in range(4):
        put(f"films/train/{i}.gif", animated(clip(3, start=20 * i)))
    put("films/test/x.gif", animated(clip(3, start=200)))
    found = read(**VALUES)
    every = [*firsts(found.split("train")), *firsts(found.split("validation"))]
    assert sorted(every) == [0, 20, 40, 60]
    assert len(found.split("validation")) == 1


@pytest.mark.parametrize("kind", ["gif", "webp", "folder"])
def test_kinds_of_videos(put: Put, root: Path, kind: str) -> None:
    for i in range(3):
        frames = clip(12, start=i)
        frames[:, :2, :3, 1] += 60  # not grey
        if kind == "folder":
            put_frames(root / "films" / f"v{i}", frames)
        else:
            put(f"films/v{i}.{kind}", animated(frames, kind.upper()))
    found = read(**{**VALUES, "frames": 12}, fit="exact")
    clips = np.concatenate([np.asarray(split.clips) for split in found.splits.values()])
    assert len(clips) == 3
    for one in clips:
        frames = clip(12, start=int(one[0, 0, 0, 0]))
        frames[:, :2, :3, 1] += 60
        np.testing.assert_array_equal(one, frames)


def test_frames_are_resized(put: Put) -> None:
    wide = np.zeros((2, 8, 16, 3), np.uint8)
    wide[:, :, 8:] = 200
    for i in range(3):
        put(f"films/{i}.gif", animated(np.stack([wide[0], wide[1] + 1])))
    values = {**VALUES, "frames": 2, "channels": 1, "height": 4, "width": 4}
    cropped = read(**values).split("test").clips[0, 0, :, :, 0]
    np.testing.assert_array_equal(cropped[0], [0, 0, 200, 200])
    stretched = read(**{**values, "width": 8}, fit="stretch").split("test").clips[0, 0, :, :, 0]
    np.testing.assert_array_equal(stretched[0], [0] * 4 + [200] * 4)
    message = refused(**values, fit="exact")
    assert ".gif, frame 0: must be 4x4 (height x width). Received: 8x16" in message


@pytest.mark.parametrize(
    ("options", "clips", "rest"),
    [
        ({"cut": "first"}, [[0, 10, 20]], False),
        ({"cut": "pieces"}, [[0, 10, 20], [30, 40, 50]], True),
        ({"cut": "pieces", "every": 2}, [[0, 20, 40]], True),
        ({"cut": "exact", "frames": 8}, [[0, 10, 20, 30, 40, 50, 60, 70]], False),
        ({"cut": "exact", "frames": 4, "every": 2}, [[0, 20, 40, 60]], False),
    ],
)
def test_how_videos_are_cut(
    put: Put, options: dict[str, Any], clips: list[list[int]], rest: bool
) -> None:
    for name in ("train/a", "train/b", "test/c", "validation/d"):
        put(f"films/{name}.gif", animated(clip(8)))
        vectors = np.arange(8, dtype=np.float32)[:, None] * [10, -10]
        buffer = io.BytesIO()
        np.savez(buffer, action=vectors)
        put(f"films/{name}.npz", buffer.getvalue())
    found = read(**{**VALUES, **options}, vectors={"action": 2})
    test = found.split("test")
    assert test.clips[..., 0, 0, 0].tolist() == clips
    np.testing.assert_array_equal(test.conditions["action"][..., 0], clips)
    np.testing.assert_array_equal(test.conditions["action"][..., 1], -np.array(clips))
    assert ("frames left over behind the last clip" in found.notes) == rest


def test_videos_of_unequal_length(films, put: Put, root: Path) -> None:
    put("films/3.gif", animated(clip(5)))
    assert refused(**VALUES) == (
        f"{root}/films/3.gif: has 5 frames; data.frames says 3. (data.cut: first takes the first "
        "frames, pieces takes clip after clip)"
    )
    put("films/3.gif", animated(clip(2)))
    for how in ("exact", "first", "pieces"):
        message = refused(**VALUES, cut=how)
        assert f"{root}/films/3.gif: has 2 frames; data.frames says 3." in message
        assert "set data.frames to no more than the shortest video has" in message
    put("films/3.gif", animated(clip(5)))
    assert "has 5 frames, 3 of them with data.every 2; data.frames says 2" in refused(
        **{**VALUES, "frames": 2}, every=2
    )


def test_frames_of_unequal_size(films, root: Path) -> None:
    put_frames(root / "films" / "x", clip(2))
    Image.fromarray(np.zeros((5, 6, 3), np.uint8)).save(root / "films" / "x" / "3.png")
    assert refused(**VALUES) == (
        f"{root}/films/x/3.png: is 5x6, the frames before it are 4x6 (height x width)"
    )


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_damaged_films(films, put: Put, kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 4, 6, 3)).astype(np.uint8)
    whole = animated(noise, kind.upper())
    for content in (whole[: len(whole) // 2], whole[:-3], b"", b"no film"):
        path = put(f"films/4.{kind}", content)
        assert str(path) in refused(**VALUES)


def test_a_damaged_picture(films, root: Path) -> None:
    put_frames(root / "films" / "x", clip(3))
    path = root / "films" / "x" / "2.png"
    path.write_bytes(path.read_bytes()[:-9])
    assert f"{path}: not a readable picture" in refused(**VALUES)


def test_other_files_are_told(films, put: Put) -> None:
    put("films/README.txt", b"x")
    put("films/alone.npz", b"x")
    put("films/.hidden", b"x")
    found = read(**VALUES)
    assert found.notes["no videos"] == "2 files, such as README.txt"
    assert set(own.files(section(**VALUES))) == {f"{i}.gif" for i in range(10)}


def test_folders_without_videos(root: Path, put: Put) -> None:
    assert "data.path: no folder 'films'" in refused(**VALUES)
    put("films/a.txt", b"x")
    assert "no videos in this folder (looked for .gif, .webp" in refused(**VALUES)
    put("films/1.png", b"x")
    assert "the frames of a video lie in a folder of their own. Received: 1.png" in refused(
        **VALUES
    )
    (root / "films" / "1.png").unlink()
    put("films/1.gif", animated(clip(3)))
    assert "data set videos: 1 videos are too few for 3 splits" in refused(**VALUES)


def test_the_signature_follows_the_files(films, put: Put) -> None:
    before = fingerprint(section(**VALUES))
    assert len(before) == 10
    put("films/0.gif", animated(clip(3, start=99)))
    after = fingerprint(section(**VALUES))
    assert [name for name in before if before[name] != after[name]] == ["0.gif"]


def test_prepared_once(films, root: Path) -> None:
    whole = read(**VALUES)
    folder = stock.prepare(section(**VALUES))
    assert folder is not None
    found = read(**VALUES)
    assert isinstance(found.split("train").clips, np.memmap)
    for name, split in found.splits.items():
        np.testing.assert_array_equal(split.clips, whole.split(name).clips)


# Films


def test_an_mp4(put: Put, root: Path) -> None:
    av = pytest.importorskip("av", reason="the extra 'video' is not installed")
    for i in range(3):
        path = root / "films" / f"{i}.mp4"
        path.parent.mkdir(exist_ok=True)
        with av.open(str(path), "w") as film:
            stream = film.add_stream("mpeg4", rate=10)
            stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
            for frame in clip(6, 16, 32, start=40 * i + 20):
                film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            film.mux(stream.encode())
    found = read(**{**VALUES, "frames": 6})
    values = sorted(firsts(split)[0] for split in found.splits.values())
    np.testing.assert_allclose(values, [20, 60, 100], atol=6)
    steps = np.diff(found.split("train").clips[0, :, 0, 0, 0].astype(int))
    np.testing.assert_allclose(steps, 10, atol=5)
    path.write_bytes(path.read_bytes()[:300])
    assert f"{path}: " in refused(**{**VALUES, "frames": 6})


def test_films_need_what_decodes_them(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    for i in range(3):
        put(f"films/{i}.mp4", b"x")
    message = refused(**VALUES)
    assert "films need PyAV, which is not installed" in message
    assert "pip install 'genkit-keras[video]'" in message


# Vectors


def save(put: Put, name: str, **arrays: Any) -> Path:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return put(name, buffer.getvalue())


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (None, "0.gif: needs action (data.vectors) in"),
        ({"state": np.zeros((3, 2))}, "needs an array action or actions (data.vectors). "
                                      "Received: state"),
        ({"action": np.zeros((3, 4))}, "array action: must be numbers of shape (frames, 2), as "
                                       "data.vectors says. Received: float64 (3, 4)"),
        ({"actions": np.zeros((2, 2))}, "'action' has 2 rows, fewer than the video has frames"),
        ({"action": np.zeros((4, 2))}, "0.gif: 'action' has 4 rows for 3 frames"),
        ({"action": np.array([[0, 1], [2, 3], [np.nan, 5]])}, "array action, frame 2: must be "
                                                              "finite. Received: nan"),
        ({"action": np.array([["a"] * 2] * 3)}, "must be numbers"),
    ],
)  # fmt: skip
def test_vectors_that_are_wrong(films, put: Put, arrays: Any, message: str) -> None:
    for i in range(1, 10):
        save(put, f"films/{i}.npz", action=np.zeros((3, 2)))
    if arrays is not None:
        save(put, "films/0.npz", **arrays)
    found = refused(**VALUES, vectors={"action": 2}, validation_share=0.3)
    assert message in found
    assert "/films/0." in found


# An npz


def test_an_npz(put: Put) -> None:
    videos = np.stack([clip(3, start=10 * i) for i in range(10)])
    actions = np.arange(10 * 3 * 2).reshape(10, 3, 2)
    save(put, "mine.npz", videos=videos, actions=actions, states=np.ones((10, 3, 1)))
    values = {**VALUES, "path": "mine.npz"}
    found = read(**values, vectors={"action": 2, "state": 1})
    for split in found.splits.values():
        for i, first in enumerate(firsts(split)):
            np.testing.assert_array_equal(split.clips[i], videos[first // 10])
            np.testing.assert_array_equal(split.conditions["action"][i], actions[first // 10])
    assert sum(map(len, found.splits.values())) == 10
    assert found.notes["preprocessing"] == "4x6 colour, as they are"
    assert not read(**values).split("test").conditions


def test_an_npz_with_splits(put: Put) -> None:
    arrays: dict[str, Any] = {}
    for start, split in ((0, "train"), (100, "test")):
        arrays[f"{split}_videos"] = np.stack([clip(7, start=start + i) for i in range(3)])[..., 0]
        arrays[f"{split}_action"] = np.arange(21).reshape(3, 7, 1)
    save(put, "mine.npz", **arrays)
    values = {**VALUES, "path": "mine.npz", "channels": 1}
    found = read(**values, cut="pieces", vectors={"action": 1})
    assert len(found.split("train")) == 4
    assert firsts(found.split("test")) == [100, 130, 101, 131, 102, 132]
    assert found.split("test").conditions["action"][3, :, 0].tolist() == [10, 11, 12]
    assert found.notes["frames left over behind the last clip"].startswith("6, such as ")
    assert "has 7 frames; data.frames says 3" in refused(**values)


def test_an_npz_of_fewer_values(put: Put) -> None:
    videos = np.arange(4 * 3 * 24).reshape(4, 3, 4, 6, 1) % 5
    save(put, "mine.npz", videos=videos)
    values = {**VALUES, "path": "mine.npz", "channels": 1}
    assert read(**values, values=5).split("train").levels == 5
    message = refused(**values, values=3)
    assert "array videos, video " in message
    assert message.endswith("values must be 0 to 2 (data.values). Received: 3")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"clips": np.zeros(3)}, "needs an array videos, or train_videos and test_videos. "
                                 "Received: clips"),
        ({"videos": np.zeros((9, 3, 5, 6, 3), np.uint8)}, "must be whole numbers of shape (videos, "
         "frames, 4, 6, 3), as data.height, width and channels say. Received: uint8 (9, 3, 5"),
        ({"videos": np.zeros((9, 3, 4, 6, 3), np.float32)}, "Received: float32"),
        ({"videos": np.zeros((9, 3, 4, 6, 3), np.uint8)}, "needs an array action or actions"),
        ({"videos": np.zeros((9, 3, 4, 6, 3), np.uint8), "action": np.zeros((9, 2, 2))},
         "array action: videos has 9 videos of 3 frames. Received: (9, 2, 2)"),
        ({"videos": np.zeros((9, 3, 4, 6, 3), np.uint8), "action": np.full((9, 3, 2), np.inf)},
         "array action, video 0, frame 0: must be finite. Received: inf"),
        ({"videos": np.zeros((9, 2, 4, 6, 3), np.uint8), "action": np.zeros((9, 2, 2))},
         "has 2 frames; data.frames says 3"),
    ],
)  # fmt: skip
def test_an_npz_that_is_wrong(put: Put, arrays: dict[str, Any], message: str) -> None:
    path = save(put, "mine.npz", **arrays)
    found = refused(**{**VALUES, "path": "mine.npz"}, vectors={"action": 2})
    assert message in found
    assert str(path) in found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"values": 17}, "values is for an npz"),
        ({"path": "a.npz", "values": 17, "levels": 4}, "levels is for files of 256 values"),
        ({"vectors": {"video": 2}}, "'video' means something else"),
        ({"vectors": {"No!": 2}}, "should match pattern"),
        ({"validation_share": 0.6, "test_share": 0.5}, "leave nothing for training"),
    ],
)
def test_sections_that_are_wrong(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        section(**{**VALUES, **options})
    assert message in str(caught.value)
