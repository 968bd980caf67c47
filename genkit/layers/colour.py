"""Colour groups: which feature maps belong to red, green and blue.

Every masked layer divides its maps into as many groups as the image has channels, and a map of
group g may see groups up to g of the same pixel (van den Oord et al., 2016, arXiv:1601.06759,
section 3.4). Groups are contiguous and as even as the width allows; a layer with gates assigns
groups inside each gate, or colours would leak between them.
"""

from __future__ import annotations

import numpy as np


def group_sizes(width: int, groups: int) -> list[int]:
    """Sizes of `groups` contiguous groups of `width` maps; the first ones take the remainder.

    Raises:
        ValueError: if there are fewer maps than groups.
    """
    if width < groups:
        raise ValueError(f"{groups} colour groups need at least {groups} maps. Received: {width}")
    base, rest = divmod(width, groups)
    return [base + (g < rest) for g in range(groups)]


def group_index(width: int, groups: int, gates: int = 1) -> np.ndarray:
    """Group of each of `gates * width` maps, int array; groups repeat inside each gate."""
    one = np.repeat(np.arange(groups), group_sizes(width, groups))
    return np.tile(one, gates)


def centre_mask(inputs: np.ndarray, outputs: np.ndarray, kind: str) -> np.ndarray:
    """Mask of the centre tap, float32, `(len(inputs), len(outputs))`.

    Args:
        inputs, outputs: the group of each map.
        kind: `A` keeps strictly earlier groups (first layer), `B` also the own group.
    """
    if kind not in ("A", "B"):
        raise ValueError(f"mask kind must be 'A' or 'B'. Received: {kind!r}")
    earlier, later = inputs[:, None], outputs[None, :]
    return (earlier < later if kind == "A" else earlier <= later).astype(np.float32)
