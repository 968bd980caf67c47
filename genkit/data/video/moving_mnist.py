"""Moving MNIST: generated without end, and the published test clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genkit.data.images import mnist
from genkit.data.images.preprocessing import quantise
from genkit.data.lazy import Lazy
from genkit.data.places import find, find_all
from genkit.data.video.bouncing import Bouncing, truth
from genkit.data.video.config import TEST_FILE, TEST_FILE_CLIPS, MovingMnistConfig
from genkit.data.video.dataset import VideoDataset, VideoSplit
from genkit.data.video.generated import TRAIN_CLIPS, notes
from genkit.errors import DataError

DATASET = "moving_mnist"
TEST = "mnist_test_seq.npy"
IMAGES = (mnist.FILES[0], mnist.FILES[2])
LABELS = (mnist.FILES[1], mnist.FILES[3])  # only to tell whether samples are recognised
HELD_OUT = 10_000  # of MNIST's training digits, the last, for validation


def files(config: MovingMnistConfig) -> dict[str, Path]:
    """MNIST's images by name, and the published clips where they are asked for.

    Raises:
        DataError: names the files that are missing, and where to put them.
    """
    found = find_all(mnist.DATASET, IMAGES, mnist.FOLDERS)
    return {**found, **(find_all(DATASET, [TEST]) if config.test_file else {})}


def load(config: MovingMnistConfig) -> VideoDataset:
    """Clips of training digits without end, of held-out ones, and of test digits."""
    paths = files(config)
    train = mnist.read_idx(paths[IMAGES[0]], (mnist.TRAIN, 28, 28))
    cut = len(train) - min(HELD_OUT, len(train) // 2)
    digits = {"train": train[:cut], "validation": train[cut:]}
    classes = _labels(LABELS[0], len(train))
    labels = {"train": _part(classes, 0, cut), "validation": _part(classes, cut, len(train))}
    counts = {"train": TRAIN_CLIPS, "validation": config.validation_count}
    if not config.test_file:
        digits["test"] = mnist.read_idx(paths[IMAGES[1]], (mnist.TEST, 28, 28))
        counts["test"], labels["test"] = config.test_count, _labels(LABELS[1], mnist.TEST)
    made = {
        name: Bouncing(config, digits[name], f"{DATASET}/{name}", labels[name]) for name in counts
    }
    splits = {
        name: made[name].clips().split(count, name == "train", truth(made[name], made["train"]))
        for name, count in counts.items()
    }
    said = notes(config)
    if config.test_file:
        splits["test"] = _published(paths[TEST], config)
        if config.test_count < TEST_FILE_CLIPS:
            said["part"] = f"{config.test_count:,} of {TEST_FILE_CLIPS:,} published test clips"
    return VideoDataset(config.name, splits, said)


def _labels(name: str, count: int) -> np.ndarray | None:
    """Classes `(count,)` of MNIST's digits, or None where the file is not there."""
    path = find(mnist.DATASET, name, mnist.FOLDERS)
    return None if path is None else mnist.read_idx(path, (count,)).astype(np.int64)


def _part(labels: np.ndarray | None, start: int, stop: int) -> np.ndarray | None:
    return None if labels is None else labels[start:stop]


def read_test(path: Path) -> np.ndarray:
    """The published clips `(10000, 20, 64, 64, 1)` uint8, mapped from the file.

    The file holds them as `(20, 10000, 64, 64)`.

    Raises:
        DataError: names the file and what is wrong with it.
    """
    shape = (TEST_FILE["frames"], TEST_FILE_CLIPS, TEST_FILE["size"], TEST_FILE["size"])
    try:
        found = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"{path}: not a readable npy file; it is truncated, damaged or packed ({error})"
        ) from error
    if found.dtype != np.uint8 or found.shape != shape:
        raise DataError(
            f"{path}: must hold uint8 of shape {shape}. Received: {found.dtype} {found.shape}"
        )
    return found.transpose(1, 0, 2, 3)[..., None]


def _published(path: Path, config: MovingMnistConfig) -> VideoSplit:
    clips = read_test(path)[: config.test_count]
    if config.levels == 256:
        return VideoSplit(clips, {}, 256)
    fewer = Lazy(clips.shape, np.uint8, lambda index: quantise(clips[index], config.levels))
    return VideoSplit(fewer, {}, config.levels)
