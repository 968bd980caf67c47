"""The triplet loss: anchor, another photograph of the same person, one of another person.

Schroff et al., 2015, FaceNet, arXiv:1503.03832, equation 1 and section 3.2.
"""

from __future__ import annotations

from typing import Any

from keras import ops

FAR = 1e9  # more than any squared distance


def squared_distances(embeddings: Any) -> Any:
    """Squared distances `(B, B)` between unit vectors `(B, D)`: from 0 to 4."""
    return ops.maximum(2.0 - 2.0 * ops.matmul(embeddings, ops.transpose(embeddings)), 0.0)


def triplet_loss(
    embeddings: Any, labels: Any, margin: float, mining: str
) -> tuple[Any, dict[str, Any]]:
    """Mean of max(0, positive - negative + margin) over triplets of a batch.

    Args:
        embeddings: `(B, D)` unit vectors.
        labels: `(B,)` int, the people.
        margin: in squared distances.
        mining: `semi_hard` takes every pair of one person, and of all photographs of other
            people the nearest one that is farther than the pair is apart; where there is none,
            the farthest. `hard` takes for each photograph the farthest of its own person and the
            nearest of another (Hermans et al., 2017, arXiv:1703.07737). `all` takes every triplet
            whose term is above zero.

    Returns:
        The loss, and `active_share` of the triplets considered whose term is above zero,
        `positive_squared_distance` and `negative_squared_distance`, means over all pairs of the
        batch.
    """
    distances = squared_distances(embeddings)
    same = ops.equal(labels[:, None], labels[None, :])
    others = ops.cast(ops.logical_not(same), distances.dtype)
    own = ops.cast(same, distances.dtype) - ops.eye(ops.shape(labels)[0], dtype=distances.dtype)
    terms, weights = _MINING[mining](distances, own, others, margin)
    active = weights * ops.cast(terms > 0.0, distances.dtype)
    counted = active if mining == "all" else weights
    metrics = {
        "active_share": _mean(active, weights),
        "positive_squared_distance": _mean(distances, own),
        "negative_squared_distance": _mean(distances, others),
    }
    return _mean(terms, counted), metrics


def _semi_hard(distances: Any, own: Any, others: Any, margin: float) -> tuple[Any, Any]:
    """A term for each pair `(B, B)`."""
    pair, rival = distances[:, :, None], distances[:, None, :]
    other = others[:, None, :] > 0.0
    beyond = ops.logical_and(other, rival > pair)
    nearest = ops.min(ops.where(beyond, rival, FAR), axis=-1)
    farthest = ops.max(ops.where(others > 0.0, distances, 0.0), axis=-1, keepdims=True)
    negative = ops.where(ops.any(beyond, axis=-1), nearest, farthest)
    return ops.relu(distances - negative + margin), own * _some(others)


def _hard(distances: Any, own: Any, others: Any, margin: float) -> tuple[Any, Any]:
    """A term for each anchor `(B, 1)`."""
    farthest = ops.max(own * distances, axis=-1, keepdims=True)
    nearest = ops.min(ops.where(others > 0.0, distances, FAR), axis=-1, keepdims=True)
    return ops.relu(farthest - nearest + margin), _some(own) * _some(others)


def _all(distances: Any, own: Any, others: Any, margin: float) -> tuple[Any, Any]:
    """A term for each triplet `(B, B, B)`."""
    terms = ops.relu(distances[:, :, None] - distances[:, None, :] + margin)
    return terms, own[:, :, None] * others[:, None, :]


_MINING = {"semi_hard": _semi_hard, "hard": _hard, "all": _all}


def _some(mask: Any) -> Any:
    """`(B, 1)`: 1 where a row of a mask `(B, B)` has any."""
    return ops.max(mask, axis=-1, keepdims=True)


def _mean(values: Any, weights: Any) -> Any:
    """Weighted mean; 0 where nothing has weight."""
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)
