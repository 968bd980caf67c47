"""Clips of one length from videos of any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from genkit.data.video.config import OwnVideosConfig
from genkit.data.video.stored import Block, Dropped
from genkit.errors import DataError

LEFT_OVER = "frames left over behind the last clip"


def cut(
    frames: Iterator[np.ndarray],
    vectors: Mapping[str, np.ndarray],
    config: OwnVideosConfig,
    name: str,
    dropped: Dropped,
) -> Iterator[Block]:
    """Clips of a video, each a block of one.

    Args:
        frames: `(H, W, C)` uint8 each.
        vectors: name -> `(F, D)` float32, a row for each frame of the video.
        config: how long clips are, and how they are taken.
        name: of the video, for messages.
        dropped: told of frames that are left over.

    Raises:
        DataError: names the video whose length is wrong, or that has fewer or more rows of
            vectors than frames.
    """
    length, every = config.frames, config.every
    piece: list[np.ndarray] = []
    seen = clips = 0
    for frame in frames:
        seen += 1
        if (seen - 1) % every or (clips and config.cut != "pieces"):
            continue
        piece.append(frame)
        if len(piece) == length:
            rows = slice(clips * length * every, seen, every)
            yield np.stack([piece]), _rows(vectors, rows, length, name)
            piece, clips = [], clips + 1
            if config.cut == "first":
                return  # what follows is not decoded
    taken = -(-seen // every)
    if not clips or (config.cut == "exact" and taken != length):
        raise _wrong_length(seen, taken, config, name)
    for key, values in vectors.items():
        if len(values) != seen:
            raise DataError(f"{name}: '{key}' has {len(values)} rows for {seen} frames")
    if piece:
        dropped.add(LEFT_OVER, name)


def _rows(
    vectors: Mapping[str, np.ndarray], rows: slice, length: int, name: str
) -> dict[str, np.ndarray]:
    found = {key: values[rows][None] for key, values in vectors.items()}
    for key, values in found.items():
        if values.shape[1] != length:
            raise DataError(
                f"{name}: '{key}' has {len(vectors[key])} rows, fewer than the video has frames"
            )
    return found


def _wrong_length(seen: int, taken: int, config: OwnVideosConfig, name: str) -> DataError:
    counted = f"{seen} frames"
    if config.every != 1:
        counted += f", {taken} of them with data.every {config.every}"
    ways = "data.cut: first takes the first frames, pieces takes clip after clip"
    if taken < config.frames:
        ways = "set data.frames to no more than the shortest video has, or leave this video out"
    return DataError(f"{name}: has {counted}; data.frames says {config.frames}. ({ways})")
