"""The bound of a scene of solids, and its gradient through what is chosen rather than moved.

Presence and shape are chosen: their gradient is that of the score function. Several draws of one
picture are each other's baseline: the mean score of the others is independent of a draw, given the
picture, and needs no network (Kool et al., 2019). In nats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from keras import ops

from genkit.models.air.config import SHAPES
from genkit.models.air.latents import bernoulli_kl, bernoulli_log_prob, normal_kl
from genkit.models.air.objective import (
    from_here_on,
    log_likelihood,
    log_ratio,
    presence_ratio,
    reached,
)

Inferred = Mapping[str, Any]  # see `SolidsNetwork.call`


def parts(
    images: Any, picture: Any, found: Inferred, prior_logits: Any, noise: float, camera: bool
) -> dict[str, Any]:
    """The parts of the bound, named as those in 2D are: `where` is the pose, `what` the shape.

    Args:
        images, picture: `(B, H, W, C)`, given and rendered. found: of the network.
        prior_logits: `(N,)` or `(B, N)`. noise: standard deviation of a pixel.
        camera: whether its turn is inferred; what that costs counts with the likelihood, since
            no choice comes before it.
    """
    alive = found["alive"]
    likelihood = log_likelihood(images, picture, noise)
    if camera:
        turn = normal_kl(found["azimuth_mean"][:, None], found["azimuth_deviation"][:, None])
        likelihood = likelihood - turn
    return {
        "log_likelihood": likelihood,
        "presence_kl": reached(alive) * bernoulli_kl(found["presence_logits"], prior_logits),
        "where_kl": alive * normal_kl(found["pose_mean"], found["pose_deviation"]),
        "what_kl": alive * shape_kl(found["shape_logits"]),
    }


def shape_kl(logits: Any) -> Any:
    """Divergence from the even distribution of shapes, over the last axis."""
    chances = ops.log_softmax(logits)
    return ops.sum(ops.exp(chances) * chances, axis=-1) + math.log(SHAPES)


def shape_log_prob(found: Inferred) -> Any:
    """`(B, N)` log-probability of the shapes that were chosen."""
    chosen = ops.one_hot(found["shape"], SHAPES, dtype="float32")
    return ops.sum(chosen * ops.log_softmax(found["shape_logits"]), axis=-1)


def tempered(found: Mapping[str, Any], temperature: Any) -> dict[str, Any]:
    """Parts of the bound with divergences of choices, presence and shape, that weigh more.

    At first poses are all wrong, and between them lie hundreds of nats. Unweighted these settle
    on one shape for every picture within the first updates, and nothing else is tried again.
    """
    weighed = {name: temperature * found[name] for name in ("presence_kl", "what_kl")}
    return {**found, **weighed}


def shape_scores(found: Mapping[str, Any]) -> Any:
    """What the shape of each slot leads to, `(B, N)`: its own pose, and all that comes later."""
    places, later = found["where_kl"], found["presence_kl"] + found["what_kl"]
    rest = from_here_on(places) + from_here_on(later) - later
    return found["log_likelihood"][:, None] - rest


def less_the_others(scores: Any, particles: int) -> Any:
    """Scores `(K B, N)` of K draws of each picture, less the mean of the other draws'. Draw k of
    picture b is row k B + b."""
    shape = ops.shape(scores)
    several = ops.reshape(scores, (particles, -1, shape[-1]))
    others = (ops.sum(several, axis=0, keepdims=True) - several) / (particles - 1.0)
    return ops.reshape(several - others, (-1, shape[-1]))


def surrogate(found: Inferred, presence_advantages: Any, shape_advantages: Any) -> Any:
    """A term `(B,)` to maximise beside the bound, whose gradient is that of choices."""
    presence = bernoulli_log_prob(found["presence"], found["presence_logits"])
    asked = reached(found["alive"])
    total = asked * ops.stop_gradient(presence_advantages) * presence
    total = total + found["alive"] * ops.stop_gradient(shape_advantages) * shape_log_prob(found)
    return ops.sum(total, axis=1)


def log_weight(
    images: Any, picture: Any, found: Inferred, prior_logits: Any, noise: float, camera: bool
) -> Any:
    """`(B,)`: log p(picture, solids) - log q(solids)."""
    shapes = -math.log(SHAPES) - shape_log_prob(found)
    total = log_likelihood(images, picture, noise) + presence_ratio(found, prior_logits)
    total = total + ops.sum(found["alive"] * (shapes + log_ratio(found, "pose")), axis=1)
    if camera:
        names = ("azimuth", "azimuth_mean", "azimuth_deviation")
        total = total + log_ratio({name: found[name][:, None] for name in names}, "azimuth")
    return total
