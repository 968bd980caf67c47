"""Videos that a user hands to `score` and `sample`, in an npz."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genkit.artifacts.npz import read_npz
from genkit.data.places import given_file
from genkit.data.vectors import checked
from genkit.data.video.config import VideosConfig
from genkit.data.video.dataset import VideoSplit
from genkit.errors import DataError

ARRAY_NAMES = ("samples", "videos", "video")


def read_videos(path: str | Path, config: VideosConfig) -> VideoSplit:
    """Videos of a model's shape from an `.npz`, with the conditions that it needs.

    Args:
        path: an npz with `samples` or `videos` `(N, T, H, W, C)`, values 0 .. levels - 1, and an
            array `(N, T, D)` for each condition that it has.
        config: of the data set that the model was trained on.

    Raises:
        UsageError: if there is no such file.
        DataError: names the file and what is wrong with it.
    """
    path = given_file(path)
    if path.suffix.lower() != ".npz":
        raise DataError(f"{path}: videos are read from .npz files")
    arrays, shape, levels = read_npz(path), config.video_shape(), config.level_count()
    name = next((n for n in ARRAY_NAMES if n in arrays), None)
    if name is None:
        raise DataError(
            f"{path}: needs an array named {' or '.join(ARRAY_NAMES)}. "
            f"Received: {', '.join(sorted(arrays)) or 'none'}"
        )
    videos = arrays[name]
    if videos.ndim != 5 or videos.shape[1:] != shape or videos.dtype.kind not in "ui":
        raise DataError(
            f"{path}: {name} must be whole numbers of shape (count, "
            f"{', '.join(map(str, shape))}). Received: {videos.dtype} {videos.shape}"
        )
    if not len(videos) or videos.min() < 0 or videos.max() >= levels:
        found = f"{videos.min()} to {videos.max()}" if len(videos) else "none"
        raise DataError(f"{path}: {name} must hold values 0 to {levels - 1}. Received: {found}")
    conditions = {
        key: checked(arrays[key], str(path), key, (shape[0], length))
        for key, length in config.condition_shapes().items()
        if key in arrays
    }
    return VideoSplit(videos.astype(np.uint8), conditions, levels)
