"""What relations and objects are told: the functions m and a of the paper.

All arrays are of receivers, with any leading axes `...`: single objects `(B,)` in training, the
objects of scenes `(B, N)` elsewhere. K relations act on each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from genkit.data.physics.contact import gap
from genkit.models.interaction_network.config import InteractionNetworkConfig

Told = Mapping[str, Any]

CLIP = 5.0  # of gaps, in their scale

# Quantities that are normalised, and how many numbers of each have a scale in common.
AWAY, APPROACH, PLACE, SPEED, GAP = "away", "approach", "position", "velocity", "gap"


def gathered(scenes: Mapping[str, Any], senders: Any) -> dict[str, Any]:
    """What receivers are told, of whole scenes.

    Args:
        scenes: `position`, `velocity` `(B, N, 2)`, `attributes` `(B, N, A)`, `effects`
            `(B, N, X)`, `relations` `(B, N, K, D)`, `mask` `(B, N, K)`.
        senders: `(N, K)` int.

    Returns:
        The same, and `sender_position`, `sender_velocity`, `sender_attributes` `(B, N, K, ...)`.
    """
    found = dict(scenes)
    count, places = senders.shape
    for name in ("position", "velocity", "attributes"):
        taken = ops.take(scenes[name], ops.reshape(senders, (-1,)), axis=1)
        found[f"sender_{name}"] = ops.reshape(taken, (-1, count, places, taken.shape[-1]))
    return found


def quantities(told: Told, config: InteractionNetworkConfig, section: Any) -> dict[str, Any]:
    """All that a network may see, each `(..., K, n)` of relations or `(..., n)` of objects, raw.

    Args:
        told: see `gathered`. section: the `data` section.
    """
    found = {
        AWAY: told["sender_position"] - told["position"][..., None, :],
        APPROACH: told["sender_velocity"] - told["velocity"][..., None, :],
        PLACE: told["position"],
        SPEED: told["velocity"],
        "attributes": told["attributes"],
        "relations": told["relations"],
        "effects": told["effects"],
    }
    if config.gap and section.contacts:
        found[GAP] = gaps(told, found[AWAY], section)[..., None]
    return found


def gaps(told: Told, away: Any, section: Any) -> Any:
    """Signed distances `(..., K)` between surfaces; 0 where two never touch."""
    radius = section.attributes.index("radius")
    wall = None
    if "wall_x" in section.attributes:
        first = section.attributes.index("wall_x")
        wall = told["sender_attributes"][..., first : first + 2]
    own = told["attributes"][..., None, radius]
    found = gap(ops, away, own, told["sender_attributes"][..., radius], wall)
    touches = told["mask"]
    if "contact" in section.relation_attributes:
        touches = told["relations"][..., section.relation_attributes.index("contact")]
    return found * touches


def relation_inputs(
    told: Told, seen: Mapping[str, Any], config: InteractionNetworkConfig, scale: Any
) -> Any:
    """b, `(..., K, n)`: what f_R is told.

    Args:
        seen: see `quantities`. scale: `scale(name, values)` normalises.
    """
    receivers = told["attributes"][..., None, :]
    places = ops.ones_like(told["mask"])[..., None]
    own, other = (scale("attributes", x) for x in (receivers, told["sender_attributes"]))
    parts = [own * places, other, scale("relations", seen["relations"])]
    if config.marshal == "difference":
        parts += [scale(AWAY, seen[AWAY]), scale(APPROACH, seen[APPROACH])]
    else:
        for name in (PLACE, SPEED):
            parts += [scale(name, told[name][..., None, :]) * places]
            parts += [scale(name, told[f"sender_{name}"])]
    if GAP in seen:
        parts.append(clipped_gap(seen, scale))
    return ops.concatenate(parts, axis=-1)


def clipped_gap(seen: Mapping[str, Any], scale: Any) -> Any:
    """The gap `(..., K, 1)` in its scale; what is far apart is as good as farther apart."""
    return ops.clip(scale(GAP, seen[GAP]), -CLIP, CLIP)


def object_inputs(told: Told, config: InteractionNetworkConfig, scale: Any, received: Any) -> Any:
    """c, `(..., n)`: what f_O is told.

    Args:
        scale: see `relation_inputs`. received: sums of effects `(..., E)`, or None.
    """
    names = [SPEED, "attributes", "effects"]
    if config.marshal == "concatenation":
        names.insert(0, PLACE)
    parts = [scale(name, told[name]) for name in names]
    if received is not None:
        parts.append(received)
    return ops.concatenate(parts, axis=-1)


def flat_inputs(told: Told, seen: Mapping[str, Any], scale: Any) -> Any:
    """All that is in scenes, `(B, n)`."""
    names = [PLACE, SPEED, "attributes", "effects", "relations"]
    names += [GAP] if GAP in seen else []
    mask = told["mask"][..., None]
    parts = []
    for name in names:
        if not seen[name].shape[-1]:
            continue
        values = clipped_gap(seen, scale) if name == GAP else scale(name, seen[name])
        values = values * mask if name in ("relations", GAP) else values
        parts.append(ops.reshape(values, (-1, int(np.prod(values.shape[1:])))))
    return ops.concatenate(parts, axis=-1)
