"""Losses of each item, and their slopes in the outputs."""

from __future__ import annotations

from typing import Any

from keras import ops


def item_losses(name: str, outputs: Any, targets: Any) -> Any:
    """Loss of each item, `(B,)`, in nats or half squares.

    Args:
        name: `cross_entropy`, `mse` or `log`. outputs, targets: `(B, K)`.
    """
    if name == "cross_entropy":
        return -ops.sum(targets * ops.log_softmax(outputs, axis=-1), axis=-1)
    if name == "mse":
        return 0.5 * ops.sum(ops.square(outputs - targets), axis=-1)
    return ops.sum(ops.softplus(outputs) - targets * outputs, axis=-1)


def output_errors(name: str, outputs: Any, targets: Any) -> Any:
    """Slope of each item's loss in its outputs, `(B, K)`."""
    if name == "cross_entropy":
        return ops.softmax(outputs, axis=-1) - targets
    if name == "mse":
        return outputs - targets
    return ops.sigmoid(outputs) - targets


def wrong_share(outputs: Any, targets: Any) -> Any:
    """Share of the items whose largest output is not that of the target, a scalar."""
    wrong = ops.argmax(outputs, axis=-1) != ops.argmax(targets, axis=-1)
    return ops.mean(ops.cast(wrong, "float32"))
