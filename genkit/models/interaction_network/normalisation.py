"""Centres and scales of what a network is told, measured on objects that training shows.

Medians go to 0, and the 5th and 95th percentiles to about -1 and 1. A change of velocity is told in
its root mean square, since it is nearly always nothing where things collide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from genkit.models.interaction_network.config import InteractionNetworkConfig
from genkit.models.interaction_network.marshalling import APPROACH, AWAY, GAP, quantities
from genkit.models.interaction_network.network import CHANGE, ENERGY

OF_RELATIONS = (AWAY, APPROACH, GAP, "relations")
Scale = tuple[np.ndarray, np.ndarray]


def measured(
    told: Mapping[str, np.ndarray], config: InteractionNetworkConfig, section: Any
) -> dict[str, Scale]:
    """Centre and scale of each quantity.

    Args:
        told: many receivers with `target`, or many scenes with `target` and `energy`.
    """
    tensors = {name: ops.convert_to_tensor(np.asarray(x)) for name, x in told.items()}
    seen = quantities(tensors, config, section)
    there = np.asarray(told["mask"]) > 0
    found = {}
    for name, values in seen.items():
        array = np.asarray(ops.convert_to_numpy(values), np.float64)
        if not array.size:
            continue  # of bodies, nothing is said of relations
        rows = array[there] if name in OF_RELATIONS else array.reshape(-1, array.shape[-1])
        found[name] = percentiles(rows)
    if GAP in found:
        found[GAP] = np.zeros(1), depth(np.asarray(ops.convert_to_numpy(seen[GAP]))[there])
    change = np.asarray(told["target"], np.float64) - told["velocity"]
    found[CHANGE] = np.zeros(1), spread(np.sqrt(np.square(change).mean()))
    if "energy" in told:
        found[ENERGY] = percentiles(np.asarray(told["energy"], np.float64)[:, None])
    return found


def percentiles(rows: np.ndarray) -> Scale:
    """Median and half the distance from the 5th to the 95th percentile of each column."""
    low, middle, high = np.percentile(rows, (5, 50, 95), axis=0)
    return middle, spread(0.5 * (high - low))


def depth(gaps: np.ndarray) -> np.ndarray:
    """How deep objects overlap where they do, but for the deepest twentieth: what tells a hit from
    a miss is of that size, and not of the size of a scene."""
    overlaps = -gaps[gaps < 0]
    return spread(np.percentile(overlaps, 95) if overlaps.size else 1.0)


def spread(scale: Any) -> np.ndarray:
    """A scale; 1 where all values are the same."""
    scale = np.atleast_1d(np.asarray(scale, np.float64))
    return np.where(scale > 1e-12, scale, 1.0)
