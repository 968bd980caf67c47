"""An `.npz` of one's own videos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from genkit.data.images.npz_reading import NpzFile, open_npz
from genkit.data.places import locate
from genkit.data.splitting import split_by_permutation
from genkit.data.video.config import OwnVideosConfig
from genkit.data.video.cutting import cut
from genkit.data.video.stored import Block, ClipBlocks, Dropped
from genkit.data.video.vectors import array_of, checked
from genkit.errors import DataError

SPLITS = ("train", "validation", "test")


def blocks(config: OwnVideosConfig) -> dict[str, ClipBlocks]:
    """Splits of arrays such as `train_videos`, or of `videos` by a fixed permutation.

    Raises:
        DataError: names the file and the array that is missing or of another shape.
    """
    path = locate(config.path, "file")
    with open_npz(path) as npz:
        names = npz.names()
        if "videos" in names:
            count = _count(npz, "", config)
            shares = {"validation": config.validation_share, "test": config.test_share}
            chosen = _permuted(count, shares, config)
            return {split: _blocks(path, "", own, config) for split, own in chosen.items()}
        if not {"train_videos", "test_videos"} <= set(names):
            raise DataError(
                f"{path}: needs an array videos, or train_videos and test_videos. "
                f"Received: {', '.join(names) or 'none'}"
            )
        there = [split for split in SPLITS if f"{split}_videos" in names]
        counts = {split: _count(npz, f"{split}_", config) for split in there}
    found = {
        split: _blocks(path, f"{split}_", list(range(count)), config)
        for split, count in counts.items()
    }
    if "validation" not in found:
        held_out = _permuted(counts["train"], {"validation": config.validation_share}, config)
        for split, own in held_out.items():
            found[split] = _blocks(path, "train_", own, config)
    return found


def _permuted(
    count: int, shares: Mapping[str, float], config: OwnVideosConfig
) -> dict[str, list[int]]:
    return split_by_permutation(list(range(count)), shares, config.name, "videos")


def _blocks(path: Path, prefix: str, chosen: list[int], config: OwnVideosConfig) -> ClipBlocks:
    return ClipBlocks(len(chosen), partial(_read, path, prefix, chosen, config))


def _count(npz: NpzFile, prefix: str, config: OwnVideosConfig) -> int:
    """How many videos an array holds, which are of the right shape."""
    name = f"{prefix}videos"
    header, shape = npz.header(name), config.video_shape()[1:]
    frames = header.shape[2:]
    fits = frames == shape or (shape[2] == 1 and frames == shape[:2])
    if not fits or header.dtype.kind not in "ui":
        raise DataError(
            f"{npz.path}, array {name}: must be whole numbers of shape (videos, frames, "
            f"{', '.join(map(str, shape))}), as data.height, width and channels say. "
            f"Received: {header.dtype} {header.shape}"
        )
    return header.shape[0]


def _read(
    path: Path, prefix: str, chosen: list[int], config: OwnVideosConfig, dropped: Dropped
) -> Iterator[Block]:
    """Clips of the videos `chosen`; others are passed over."""
    wanted = set(chosen)
    with open_npz(path) as npz:
        vectors, start = _vectors(npz, prefix, config), 0
        for rows in npz.rows(f"{prefix}videos"):
            for number, video in enumerate(rows, start):
                if number in wanted:
                    name = f"{path}, array {prefix}videos, video {number}"
                    frames = _frames(video, config, name)
                    own = {key: values[number] for key, values in vectors.items()}
                    yield from cut(frames, own, config, name, dropped)
            start += len(rows)


def _frames(video: np.ndarray, config: OwnVideosConfig, name: str) -> Iterator[np.ndarray]:
    wrong = np.argwhere((video < 0) | (video >= config.values))
    if len(wrong):
        place = tuple(int(i) for i in wrong[0])
        raise DataError(
            f"{name}, at {place}: values must be 0 to {config.values - 1} (data.values). "
            f"Received: {video[place]}"
        )
    shape = config.video_shape()[1:]
    return (frame.astype(np.uint8).reshape(shape) for frame in video)


def _vectors(npz: NpzFile, prefix: str, config: OwnVideosConfig) -> dict[str, np.ndarray]:
    """Name -> `(N, F, D)` float32, checked."""
    count, frames = npz.header(f"{prefix}videos").shape[:2]
    names = [name.removeprefix(prefix) for name in npz.names() if name.startswith(prefix)]
    found = {}
    for name, length in config.vectors.items():
        array = prefix + array_of(names, name, npz.path)
        where = f"{npz.path}, array {array}"
        found[name] = checked(npz.array(array), (length,), where, ("video", "frame"))
        if found[name].shape[:2] != (count, frames):
            raise DataError(
                f"{where}: {prefix}videos has {count} videos of {frames} frames. "
                f"Received: {found[name].shape}"
            )
    return found
