"""What folders and files of one's own share: where they are, and how they are split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from genkit.data.images.config import SplitConfig
from genkit.data.places import VARIABLE, roots
from genkit.errors import DataError
from genkit.randomness import permutation


def locate(path: str, kind: str) -> Path:
    """The folder or file at `path`: from the working directory, or below a data folder.

    Args:
        path: as the recipe says.
        kind: `folder` or `file`.

    Raises:
        DataError: names the places that were looked in.
    """
    places = [Path(path).expanduser()]
    if not places[0].is_absolute():
        places += [root / path for root in roots()]
    for place in places:
        if place.is_dir() if kind == "folder" else place.is_file():
            return place
    searched = ", ".join(str(place) for place in places)
    raise DataError(
        f"data.path: no {kind} '{path}'. Looked at {searched}. Set it with -o data.path=PATH, or "
        f"set {VARIABLE} to the folder that it lies in."
    )


def split_by_permutation(
    names: list[str], config: SplitConfig, shares: Mapping[str, float] | None = None
) -> dict[str, list[str]]:
    """`names` in train and held-out splits, each in the order of `names`.

    Which are held out is a fixed permutation, a function of how many there are; at least one is
    in every split.

    Args:
        names: of everything.
        config: its shares, unless `shares` says which splits to hold out.
    """
    if shares is None:
        shares = {"validation": config.validation_share, "test": config.test_share}
    if len(names) <= len(shares):
        raise DataError(
            f"data set {config.name}: {len(names)} images are too few for {len(shares) + 1} splits"
        )
    order = [int(i) for i in permutation(0, "own/split", 0, len(names))]
    found: dict[str, list[str]] = {}
    for split, share in shares.items():
        count = max(1, int(share * len(names)))
        chosen, order = sorted(order[:count]), order[count:]
        found[split] = [names[i] for i in chosen]
    return {"train": [names[i] for i in sorted(order)], **found}
