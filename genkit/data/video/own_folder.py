"""A folder of one's own videos: files, or folders of pictures, with vectors beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from genkit.artifacts.npz import read_npz
from genkit.data.images.folder import SPLIT_NAMES
from genkit.data.images.pictures import SUFFIXES
from genkit.data.images.portraits import natural
from genkit.data.places import locate
from genkit.data.splitting import split_by_permutation
from genkit.data.video.config import OwnVideosConfig
from genkit.data.video.cutting import cut
from genkit.data.video.frames import (
    ANIMATED,
    FILMS,
    animated_frames,
    film_frames,
    fitting,
    picture_frames,
)
from genkit.data.video.stored import Block, ClipBlocks, Dropped
from genkit.data.video.vectors import checked_rows
from genkit.data.walking import files_below
from genkit.errors import DataError

_PICTURES = tuple(suffix for suffix in SUFFIXES if suffix not in ANIMATED)


@dataclass(frozen=True)
class Listing:
    """What is in the folder.

    Args:
        root: the folder.
        videos: video -> its files, paths below `root`: one, or its frames in natural order.
        vectors: video -> the npz beside it, where there is one.
        others: files that are neither.
    """

    root: Path
    videos: Mapping[str, tuple[str, ...]]
    vectors: Mapping[str, str]
    others: tuple[str, ...]

    def files(self) -> dict[str, Path]:
        """All files that are read, by name."""
        names = [name for own in self.videos.values() for name in own]
        return {name: self.root / name for name in [*names, *sorted(set(self.vectors.values()))]}


def listing(config: OwnVideosConfig) -> Listing:
    """The videos of the folder; names that begin with a dot are passed over.

    Raises:
        DataError: if there is no such folder, no video in it, or pictures that are in no folder
            of their own.
    """
    root = locate(config.path, "folder")
    videos: dict[str, list[str]] = {}
    npz, others = set(), []
    for name in files_below(root):
        path = PurePosixPath(name)
        suffix = path.suffix.lower()
        if suffix in (*ANIMATED, *FILMS):
            videos[name] = [name]
        elif suffix in _PICTURES:
            videos.setdefault(_folder_of(path, root), []).append(name)
        elif suffix == ".npz":
            npz.add(name)
        else:
            others.append(name)
    if not videos:
        looked = ", ".join((*ANIMATED, *FILMS))
        raise DataError(
            f"{root}: no videos in this folder (looked for {looked}, and for folders of pictures)"
        )
    vectors = {name: beside for name in videos if (beside := _npz_of(name)) in npz}
    others += sorted(npz.difference(vectors.values()))
    ordered = {name: tuple(sorted(own, key=natural)) for name, own in sorted(videos.items())}
    return Listing(root, ordered, vectors, tuple(others))


def blocks(config: OwnVideosConfig) -> dict[str, ClipBlocks]:
    """The splits, to be read block by block."""
    found = listing(config)
    return {
        split: ClipBlocks(len(names), partial(_read, found, names, config))
        for split, names in _by_split(found, config).items()
    }


def _folder_of(path: PurePosixPath, root: Path) -> str:
    folder = path.parent.as_posix()
    if folder == "." or folder in {name for names in SPLIT_NAMES.values() for name in names}:
        raise DataError(
            f"{root}: the frames of a video lie in a folder of their own. Received: {path}"
        )
    return folder


def _npz_of(video: str) -> str:
    """Name of the npz with the vectors of a video."""
    path = PurePosixPath(video)
    is_file = path.suffix.lower() in (*ANIMATED, *FILMS)
    return (path.with_suffix("") if is_file else path).as_posix() + ".npz"


def _by_split(found: Listing, config: OwnVideosConfig) -> dict[str, list[str]]:
    """Videos of each split, as their folders say or by a fixed permutation."""
    tops = {name.split("/")[0] for name in found.videos if "/" in name}
    folders = {
        split: next((name for name in names if name in tops), None)
        for split, names in SPLIT_NAMES.items()
    }
    names, shares = list(found.videos), {"validation": config.validation_share}
    if folders["train"] is None or folders["test"] is None:
        shares["test"] = config.test_share
        return split_by_permutation(names, shares, config.name, "videos")
    chosen = {
        split: [name for name in names if name.startswith(f"{folder}/")]
        for split, folder in folders.items()
        if folder is not None
    }
    left = sorted(set(names).difference(*chosen.values()))
    if left:
        raise DataError(
            f"{found.root}: has sub-folders for splits, but {left[0]} and {len(left) - 1} more "
            "videos are in none of them. Move them, or remove them."
        )
    if "validation" not in chosen:
        chosen.update(split_by_permutation(chosen["train"], shares, config.name, "videos"))
    return chosen


def _read(
    found: Listing, names: Sequence[str], config: OwnVideosConfig, dropped: Dropped
) -> Iterator[Block]:
    for name in names:
        vectors = _vectors(found, name, config)
        yield from cut(
            _frames(found, name, config), vectors, config, str(found.root / name), dropped
        )


def _frames(found: Listing, name: str, config: OwnVideosConfig) -> Iterator[np.ndarray]:
    fit = fitting((config.height, config.width, config.channels), config.fit, config.resample)
    paths = [found.root / file for file in found.videos[name]]
    suffix = paths[0].suffix.lower()
    if suffix in ANIMATED:
        return animated_frames(paths[0], fit)
    return film_frames(paths[0], fit) if suffix in FILMS else picture_frames(paths, fit)


def _vectors(found: Listing, video: str, config: OwnVideosConfig) -> dict[str, np.ndarray]:
    """Name -> `(F, D)` float32, from the npz beside a video."""
    if not config.vectors:
        return {}
    if video not in found.vectors:
        raise DataError(
            f"{found.root / video}: needs {', '.join(config.vectors)} (data.vectors) in "
            f"{found.root / _npz_of(video)}, which is not there"
        )
    path = found.root / found.vectors[video]
    return checked_rows(read_npz(path), config.vectors, path)
