"""How folders and files of one's own are split where they are not split already."""

from __future__ import annotations

from collections.abc import Mapping

from genkit.data import splitting
from genkit.data.images.config import SplitConfig


def split_by_permutation(
    names: list[str], config: SplitConfig, shares: Mapping[str, float] | None = None
) -> dict[str, list[str]]:
    """`names` in train and held-out splits, see `splitting.split_by_permutation`.

    Args:
        names: of everything.
        config: its shares, unless `shares` says which splits to hold out.
    """
    if shares is None:
        shares = {"validation": config.validation_share, "test": config.test_share}
    return splitting.split_by_permutation(names, shares, config.name, "images")
