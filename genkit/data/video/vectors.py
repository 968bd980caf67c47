"""What steers each frame of one's own videos, from arrays of an npz."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from genkit.errors import DataError


def array_of(names: Collection[str], name: str, path: Path) -> str:
    """Which of an npz's arrays holds a condition: `action`, or `actions`.

    Raises:
        DataError: names what there is.
    """
    found = next((own for own in (name, f"{name}s") if own in names), None)
    if found is None:
        raise DataError(
            f"{path}: needs an array {name} or {name}s (data.vectors). "
            f"Received: {', '.join(sorted(names)) or 'none'}"
        )
    return found


def checked_rows(
    arrays: Mapping[str, np.ndarray], lengths: Mapping[str, int], path: Path
) -> dict[str, np.ndarray]:
    """The vectors of one video, name -> `(F, D)` float32.

    Raises:
        DataError: names the file and the array that is missing, of another shape, or not finite.
    """
    found = {}
    for name, length in lengths.items():
        array = array_of(arrays, name, path)
        found[name] = checked(arrays[array], (length,), f"{path}, array {array}", ("frame",))
    return found


def checked(
    values: np.ndarray, last: tuple[int, ...], where: str, axes: tuple[str, ...]
) -> np.ndarray:
    """`values` as float32, if they are finite numbers of shape `(*axes, *last)`.

    Args:
        values: what was found.
        last: the axes behind the first ones.
        where: for messages.
        axes: names of the first axes, such as `video` and `frame`.

    Raises:
        DataError: says what was found, and where.
    """
    lead = len(axes)
    if values.dtype.kind not in "fui" or values.ndim != lead + len(last):
        fits = False
    else:
        fits = values.shape[lead:] == last
    if not fits:
        wanted = ", ".join((*(f"{axis}s" for axis in axes), *map(str, last)))
        raise DataError(
            f"{where}: must be numbers of shape ({wanted}), as data.vectors says. "
            f"Received: {values.dtype} {values.shape}"
        )
    found = values.astype(np.float32)
    wrong = np.argwhere(~np.isfinite(found))
    if len(wrong):
        place = ", ".join(f"{axis} {i}" for axis, i in zip(axes, wrong[0], strict=False))
        raise DataError(f"{where}, {place}: must be finite. Received: {found[tuple(wrong[0])]}")
    return found
