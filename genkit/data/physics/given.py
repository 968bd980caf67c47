"""Scenes that somebody hands over, in an `.npz`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genkit.artifacts.npz import read_npz
from genkit.data.physics.graph import Graph, all_pairs, graph
from genkit.data.physics.scenes import Scenes
from genkit.errors import DataError

NEEDED = ("position", "velocity", "attributes")


def read_scenes(path: Path, config: Any) -> Scenes:
    """The scenes of a file.

    It holds `position` and `velocity` `(S, N, 2)` and `attributes` `(S, N, A)`; and where there
    are such `receivers` and `senders` `(R,)`, which objects relations join, with
    `relation_attributes` `(S, R, D)`; `effects` `(S, N, X)`; and `static` `(N,)`, who never moves.
    Without relations all pairs of bodies have one.

    Args:
        path: of the file. config: the `data` section, which names attributes.

    Raises:
        DataError: says what is missing or does not fit.
    """
    arrays = read_npz(path)
    absent = [name for name in NEEDED if name not in arrays]
    if absent:
        raise DataError(f"{path}: lacks {', '.join(absent)}. It holds: {', '.join(arrays) or '-'}")
    try:
        return _scenes(arrays, config)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _scenes(arrays: Mapping[str, np.ndarray], config: Any) -> Scenes:
    position = arrays["position"]
    if position.ndim != 3 or position.shape[-1] != 2:
        raise DataError(f"position must be (scenes, objects, 2). Received: {position.shape}")
    count, objects, _ = position.shape
    if not count or not objects:
        raise DataError(f"there must be a scene and an object. Received: {count} and {objects}")
    static = np.asarray(arrays.get("static", np.zeros(objects)), bool)
    _fits("static", static, (objects,))
    layout, relations = _relations(arrays, config, count, static)
    effects = arrays.get("effects", np.zeros((count, objects, len(config.effects))))
    found = {
        "position": position,
        "velocity": arrays["velocity"],
        "attributes": arrays["attributes"],
        "effects": effects,
    }
    widths = {"attributes": len(config.attributes), "effects": len(config.effects)}
    for name, array in found.items():
        _fits(name, array, (count, objects, widths.get(name, 2)))
        _finite(name, array)
    _apart(position)
    if "wall_x" in config.attributes:
        walls = found["attributes"][..., config.attributes.index("wall_x") :] != 0
        loose = np.flatnonzero(walls.any(axis=(0, 2)) & ~static)
        if len(loose):
            raise DataError(
                f"object {loose[0]} is a wall, and static does not say that it is fixed"
            )
    return Scenes(
        layout,
        np.asarray(found["attributes"], np.float32),
        relations,
        np.asarray(effects, np.float32),
        np.asarray(position, np.float64),
        np.asarray(found["velocity"], np.float64),
    )


def _relations(
    arrays: Mapping[str, np.ndarray], config: Any, count: int, static: np.ndarray
) -> tuple[Graph, np.ndarray]:
    """The graph, and attributes `(S, N, K, D)`."""
    width = len(config.relation_attributes)
    if "receivers" not in arrays and "senders" not in arrays:
        if width:
            names = ", ".join(config.relation_attributes)
            raise DataError(
                f"lacks receivers, senders and relation_attributes, each relation's {names}"
            )
        layout = graph(all_pairs(len(static)), static.tolist())
        return layout, np.zeros((count, *layout.senders.shape, 0), np.float32)
    absent = [name for name in ("receivers", "senders") if name not in arrays]
    if absent:
        raise DataError(f"lacks {absent[0]}, which belong to relations")
    ends = [np.asarray(arrays[name]) for name in ("receivers", "senders")]
    if ends[0].ndim != 1 or ends[0].shape != ends[1].shape or ends[0].dtype.kind not in "iu":
        raise DataError(
            "receivers and senders must be two lists of whole numbers, equally long. Received: "
            f"{ends[0].dtype} {ends[0].shape} and {ends[1].dtype} {ends[1].shape}"
        )
    pairs = [(int(a), int(b)) for a, b in zip(*ends, strict=True)]
    layout = graph(pairs, static.tolist())
    given = np.asarray(arrays.get("relation_attributes", np.zeros((count, len(pairs), 0))))
    _fits("relation_attributes", given, (count, len(pairs), width))
    _finite("relation_attributes", given)
    found = np.zeros((count, *layout.senders.shape, width), np.float32)
    places = np.zeros(len(static), np.int64)
    for number, (receiver, _) in enumerate(pairs):
        found[:, receiver, places[receiver]] = given[:, number]
        places[receiver] += 1
    return layout, found


def _fits(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise DataError(f"{name} must have the shape {shape}. Received: {array.shape}")


def _finite(name: str, array: np.ndarray) -> None:
    if array.dtype.kind not in "fiu":
        raise DataError(f"{name} must be numbers. Received: {array.dtype}")
    with np.errstate(over="ignore"):
        bad = np.argwhere(~np.isfinite(array.astype(np.float32)))
    if len(bad):
        scene, thing = bad[0][:2]
        raise DataError(
            f"{name} must be finite. Received: {array[tuple(bad[0])]} in scene {scene}, "
            f"number {thing}"
        )


def _apart(position: np.ndarray) -> None:
    for scene, places in enumerate(position):
        _, first, counts = np.unique(places, axis=0, return_index=True, return_counts=True)
        if (counts > 1).any():
            place = places[first[counts > 1][0]]
            both = np.flatnonzero((places == place).all(axis=1))
            raise DataError(
                f"objects {both[0]} and {both[1]} of scene {scene} are at the same place, "
                f"({place[0]:g}, {place[1]:g}): no direction leads from one to the other"
            )
