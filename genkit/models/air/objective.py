"""The bound that AIR maximises, its estimators, and the importance-weighted likelihood. In nats.

Eslami et al., 2016, section 2; Mnih and Gregor, 2014 (arXiv:1402.0030) for NVIL; Burda et al., 2015
(arXiv:1509.00519) for the importance-weighted bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from keras import ops

from genkit.models.air.latents import (
    LOG_TWO_PI,
    bernoulli_kl,
    bernoulli_log_prob,
    normal_kl,
    normal_log_prob,
)

Inferred = Mapping[str, Any]  # see `AIR.call`


def reached(alive: Any) -> Any:
    """`(B, N)`: whether a slot's presence is asked at all, which is the presence of all before."""
    return ops.concatenate([ops.ones_like(alive[:, :1]), alive[:, :-1]], axis=1)


def log_likelihood(images: Any, canvas: Any, noise: float) -> Any:
    """Log-density `(B,)` of images about canvases, independent normal pixels."""
    scaled = ops.square((images - canvas) / noise)
    return -0.5 * ops.sum(scaled + (LOG_TWO_PI + 2.0 * math.log(noise)), axis=(1, 2, 3))


def parts(images: Any, found: Inferred, prior_logits: Any, noise: float) -> dict[str, Any]:
    """The parts of the bound.

    Args:
        images: `(B, H, W, C)`. found: of the network.
        prior_logits: `(N,)` or `(B, N)`. noise: standard deviation of a pixel.

    Returns:
        `log_likelihood` `(B,)`; and `presence_kl`, `where_kl`, `what_kl` `(B, N)`, each weighted
        by whether it counts.
    """
    alive = found["alive"]
    return {
        "log_likelihood": log_likelihood(images, found["canvas"], noise),
        "presence_kl": reached(alive) * bernoulli_kl(found["presence_logits"], prior_logits),
        "where_kl": alive * normal_kl(found["where_mean"], found["where_deviation"]),
        "what_kl": alive * normal_kl(found["what_mean"], found["what_deviation"]),
    }


def greed(images: Any, canvases: Any, noise: float) -> Any:
    """How well what was drawn so far explains the image: mean log-density `(B,)` over all steps but
    the last, which is that of the bound; zeros of a single step.

    Args:
        images: `(B, H, W, C)`. canvases: `(B, N, H, W, C)`, after each step.
    """
    total = ops.zeros_like(images[:, 0, 0, 0])
    before = canvases.shape[1] - 1
    for step in range(before):
        total = total + log_likelihood(images, canvases[:, step], noise) / before
    return total


def bound(found: Mapping[str, Any]) -> Any:
    """The evidence lower bound `(B,)` of its parts."""
    divergence = found["presence_kl"] + found["where_kl"] + found["what_kl"]
    return found["log_likelihood"] - ops.sum(divergence, axis=1)


def scores(found: Mapping[str, Any]) -> Any:
    """What the presence of each slot leads to, `(B, N)`: the bound without what came before it."""
    things = found["where_kl"] + found["what_kl"]
    later = found["presence_kl"]
    # Presence of the slot itself is differentiated as it is: only that of later ones follows.
    rest = from_here_on(things) + from_here_on(later) - later
    return found["log_likelihood"][:, None] - rest


def from_here_on(x: Any) -> Any:
    """Sums of `(B, N)` over this and all later slots."""
    return ops.flip(ops.cumsum(ops.flip(x, axis=1), axis=1), axis=1)


def nvil_surrogate(found: Inferred, advantages: Any) -> Any:
    """A term `(B,)` to maximise beside the bound, whose gradient is that of chance decisions.

    Args:
        found: of the network, presence 0 or 1.
        advantages: `(B, N)`, scores less what was to be expected; no gradient goes through them.
    """
    chances = bernoulli_log_prob(found["presence"], found["presence_logits"])
    return ops.sum(reached(found["alive"]) * ops.stop_gradient(advantages) * chances, axis=1)


def log_weight(images: Any, found: Inferred, prior_logits: Any, noise: float) -> Any:
    """`(B,)`: log p(image, things) - log q(things), of presence 0 or 1."""
    things = log_ratio(found, "where") + log_ratio(found, "what")
    total = log_likelihood(images, found["canvas"], noise) + presence_ratio(found, prior_logits)
    return total + ops.sum(found["alive"] * things, axis=1)


def presence_ratio(found: Inferred, prior_logits: Any) -> Any:
    """`(B,)`: log-probability of all presences, 0 or 1, under the prior less that of what was
    inferred."""
    presence, logits = found["presence"], found["presence_logits"]
    chosen = bernoulli_log_prob(presence, prior_logits) - bernoulli_log_prob(presence, logits)
    return ops.sum(reached(found["alive"]) * chosen, axis=1)


def log_ratio(found: Inferred, name: str) -> Any:
    """Log-density of a latent under its standard normal prior less that of what was inferred,
    summed over the last axis."""
    values = found[name]
    own = normal_log_prob(values, found[f"{name}_mean"], found[f"{name}_deviation"])
    return normal_log_prob(values, ops.zeros_like(values), ops.ones_like(values)) - own
