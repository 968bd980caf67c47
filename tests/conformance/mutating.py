"""What tests share that build known bugs into networks of images on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from genkit.conformance.autoregressive import raster_checks
from genkit.layers.colour import centre_mask, group_index

Mutation = Callable[[Any, pytest.MonkeyPatch], None]


def centre(layer: Any) -> np.ndarray:
    """The mask `(C_in, n)` of the pixel's own maps; writing to it changes the layer."""
    mask = layer.mask
    found: np.ndarray = mask
    if mask.ndim > 2:
        found = mask[-1, layer.reach] if mask.ndim == 4 else mask[-1]
    return found


def other_mask(layer: Any, kind: str) -> None:
    into = group_index(layer.input_width, layer.groups)
    out = group_index(layer.units, layer.groups, getattr(layer, "gates", 1))
    centre(layer)[:] = centre_mask(into, out, kind)


def colours_turned(layer: Any) -> None:
    """Blue first."""
    centre(layer)[:] = centre(layer)[::-1, ::-1].copy()


def joint_groups(layer: Any) -> None:
    """Groups taken over the joint width of all gates, which misaligns them."""
    joint = group_index(layer.gates * layer.units, layer.groups)
    into = group_index(layer.input_width, layer.groups)
    centre(layer)[:] = centre_mask(into, joint, getattr(layer, "kind", "B"))


def failed(view: Any, names: set[str]) -> set[str]:
    """Which of the checks `names` do not hold."""
    checks = [check for check in raster_checks(view) if check.name in names]
    assert {check.name for check in checks} == names
    return {check.name for check in checks if not check.run() <= check.limit}
