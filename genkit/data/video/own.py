"""Videos of one's own: where they lie, which split each belongs to, and their clips."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from genkit.data.places import locate
from genkit.data.video import own_folder, own_npz, stored
from genkit.data.video.config import OwnVideosConfig
from genkit.data.video.dataset import VideoDataset
from genkit.data.video.stored import ClipBlocks


def files(config: OwnVideosConfig) -> dict[str, Path]:
    """The files by name: the npz, or all videos of the folder and their vectors."""
    if config.is_npz:
        path = locate(config.path, "file")
        return {path.name: path}
    return own_folder.listing(config).files()


def load(config: OwnVideosConfig) -> VideoDataset:
    """Splits that are there already, or by a fixed permutation of the videos."""
    said = {}
    if not config.is_npz and (others := own_folder.listing(config).others):
        said["no videos"] = f"{len(others)} files, such as {others[0]}"
    return stored.load(config, partial(blocks, config), said)


def blocks(config: OwnVideosConfig) -> Mapping[str, ClipBlocks]:
    """The splits, to be read block by block."""
    return own_npz.blocks(config) if config.is_npz else own_folder.blocks(config)
