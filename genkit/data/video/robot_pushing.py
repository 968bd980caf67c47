"""Robot pushing (Finn, Goodfellow and Levine, 2016): TFRecords as they were published.

A record is one push. Frame i has the features `move/i/image/encoded` (JPEG, 640x512),
`move/i/endeffector/vec_pitch_yaw` (state: x, y, z, pitch and yaw) and
`move/i/commanded_pose/vec_pitch_yaw` (action: the pose commanded then). Some pushes are shorter
than others; those with fewer frames than `data.frames` are left out, and told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from genkit.data.images.pictures import open_picture, read_picture
from genkit.data.places import missing, roots
from genkit.data.video import stored
from genkit.data.video.config import RobotPushingConfig
from genkit.data.video.dataset import VideoDataset
from genkit.data.video.stored import Block, ClipBlocks, Dropped
from genkit.data.video.tfrecord import Example, count_records, read_records
from genkit.errors import DataError

DATASET = "robot_pushing"
# Folder as published -> how many files it has there.
FOLDERS = {"push_train": 264, "push_testseen": 5, "push_testnovel": 5}
PLACES = ("", "push")  # where the folders are looked for, in the data set's own
_AT_ONCE = 16  # clips in a block

IMAGE = "move/{}/image/encoded"
FEATURES = {
    "state": "move/{}/endeffector/vec_pitch_yaw",
    "action": "move/{}/commanded_pose/vec_pitch_yaw",
}


def file_name(folder: str, number: int) -> str:
    """Such as `push_train/push_train.tfrecord-00007-of-00264`."""
    return f"{folder}/{folder}.tfrecord-{number:05d}-of-{FOLDERS[folder]:05d}"


def files(config: RobotPushingConfig) -> dict[str, Path]:
    """The files by name; fewer than were published are a part of the data set.

    Raises:
        DataError: names the folders that are missing or empty.
    """
    del config
    return {f"{folder}/{path.name}": path for folder in FOLDERS for path in _files(folder)}


def load(config: RobotPushingConfig) -> VideoDataset:
    """Splits `train`, `validation`, `test` and `test_novel`."""
    return stored.load(config, partial(blocks, config), _part())


def blocks(config: RobotPushingConfig) -> dict[str, ClipBlocks]:
    """The splits, to be read block by block; the last training files are for validation.

    Raises:
        DataError: if there are too few training files for that.
    """
    train = _files("push_train")
    cut = min(max(1, int((1.0 - config.validation_share) * len(train))), len(train) - 1)
    if not cut:
        raise DataError(
            f"{train[0].parent}: training and validation need two files at least. Received: 1"
        )
    paths = {
        "train": train[:cut],
        "validation": train[cut:],
        "test": _files("push_testseen"),
        "test_novel": _files("push_testnovel"),
    }
    return {
        split: ClipBlocks(sum(map(count_records, own)), partial(_read, own, config))
        for split, own in paths.items()
    }


def _part() -> dict[str, str]:
    found = {folder: len(_files(folder)) for folder in FOLDERS}
    if found == FOLDERS:
        return {}
    listed = ", ".join(f"{folder} {count} of {FOLDERS[folder]}" for folder, count in found.items())
    return {"part": f"files of {listed}: not comparable with published figures"}


def _files(folder: str) -> list[Path]:
    """The files of a folder in the order of their names, from the first place that has any."""
    short = folder.removeprefix("push_")
    for root in roots():
        for place in (root / DATASET / own / name for own in PLACES for name in (folder, short)):
            found = sorted(place.glob("*.tfrecord*")) if place.is_dir() else []
            if found:
                return found
    raise missing(DATASET, [f"{file_name(folder, 0)} and so on"])


def _read(paths: Sequence[Path], config: RobotPushingConfig, dropped: Dropped) -> Iterator[Block]:
    """Clips of some files, each a block of at most 16."""
    for path in paths:
        clips: list[np.ndarray] = []
        vectors: dict[str, list[np.ndarray]] = {name: [] for name in FEATURES}
        for number, data in enumerate(read_records(path)):
            example = Example(data, f"{path}, record {number}")
            if _is_short(example, config.frames):
                dropped.add(f"shorter than {config.frames} frames", f"{path.name}, record {number}")
                continue
            clips.append(_clip(example, config))
            for name, values in vectors.items():
                values.append(_vectors(example, name, config))
            if len(clips) == _AT_ONCE:
                yield np.stack(clips), {name: np.stack(own) for name, own in vectors.items()}
                clips, vectors = [], {name: [] for name in FEATURES}
        if clips:
            yield np.stack(clips), {name: np.stack(own) for name, own in vectors.items()}


def _is_short(example: Example, frames: int) -> bool:
    """Whether a push ends before so many frames; one that lacks a frame within it is damaged."""
    there = [IMAGE.format(frame) in example for frame in range(frames)]
    if all(there):
        return False
    end = there.index(False)
    if any(there[end:]):
        raise DataError(f"{example.name}: has no '{IMAGE.format(end)}', but later frames")
    return True


def _vectors(example: Example, name: str, config: RobotPushingConfig) -> np.ndarray:
    """`(T, D)` float32."""
    length, feature = config.condition_shapes()[name], FEATURES[name]
    frames = range(config.frames)
    return np.stack([example.numbers(feature.format(frame), length) for frame in frames])


def _clip(example: Example, config: RobotPushingConfig) -> np.ndarray:
    """`(T, size, size, 3)` uint8."""
    return np.stack([_frame(example, frame, config) for frame in range(config.frames)])


def _frame(example: Example, frame: int, config: RobotPushingConfig) -> np.ndarray:
    name, packed = f"{example.name}, frame {frame}", example.image(IMAGE.format(frame))
    shape = (config.size, config.size, 3)
    if config.resample == "bicubic":
        return read_picture(packed, name, shape, "stretch", "bicubic")
    # `tf.image.resize_images` of TensorFlow 1, which prediction_input.py calls, takes pixel
    # (8 i, 10 j) of 512x640: its bicubic kernel is not widened for scaling down and is centred on
    # whole pixels there, so that all other weights are 0.
    with open_picture(packed, name) as opened:
        pixels = np.asarray(opened.convert("RGB"), np.uint8)
    height, width = pixels.shape[:2]
    if height % config.size or width % config.size:
        raise DataError(
            f"{name}: resample 'points' needs a picture whose height and width are multiples of "
            f"data.size, {config.size}. Received: {height}x{width}"
        )
    return pixels[:: height // config.size, :: width // config.size]
