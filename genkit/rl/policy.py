"""How an action is chosen."""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.sampling.decoding import Decoding, draw

UNIFORM = "uniform"  # a policy that does not look


def choose_action(logits: Any, uniform: Any, temperature: float | str) -> Any:
    """Actions `(B,)` int32.

    Args:
        logits: `(B, A)`. uniform: `(B,)`, inside (0, 1).
        temperature: logits are divided by it; 0 takes the most probable action; `uniform` any.
    """
    if temperature == UNIFORM:
        return draw(ops.zeros_like(logits), uniform, Decoding())
    return draw(logits, uniform, Decoding(temperature=float(temperature)))


def blank(batch: int, width: int) -> dict[str, Any]:
    """What a network is told, beside the observation, where episodes begin.

    Args:
        width: numbers of a state.
    """
    return {
        "state": ops.zeros((batch, width)),
        "action": ops.full((batch,), -1, "int32"),
        "reward": ops.zeros((batch,)),
        "first": ops.ones((batch,), "bool"),
    }
