"""Returns of pseudo-rewards, and the loss of n-step Q-learning with them."""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.rl.heads.maps import chosen


def control_returns(
    rewards: Any, discount: float, best: Any, terminated: Any, truncated: Any
) -> Any:
    """What values of pseudo-rewards aim at (Jaderberg et al., 2017, arXiv:1611.05397, section 3.1):
    `R_t = u_t + g R_t+1`, where behind the last step the best value of what is seen there stands.

    The frame behind the last step of an episode is not among those that were seen: the next one is
    of another episode. So `u_t` is unknown there; it counts 0 with an end behind it, and where the
    episode was cut off the best value of what was seen before stands for the whole return.

    Args:
        rewards: `(T, B, ...)`, u, one for each cell.
        best: `(T + 1, B, ...)`, the best value of what is seen at each step, the last for what
            comes behind the stretch.
        terminated, truncated: `(T, B)` bool.

    Returns:
        `(T, B, ...)`. No gradient passes through it.
    """
    rewards, best = ops.stop_gradient(rewards), ops.stop_gradient(best)
    after, found = best[-1], []
    for t in reversed(range(int(rewards.shape[0]))):
        after = rewards[t] + discount * after
        after = ops.where(_wide(terminated[t], after), 0.0, after)
        after = ops.where(_wide(truncated[t], after), best[t], after)
        found.append(after)
    return ops.stack(found[::-1])


def control_loss(
    values: Any, best: Any, rewards: Any, experience: Any, discount: float
) -> tuple[Any, Any]:
    """Squared errors of the values of the actions that were taken, summed over cells and steps,
    in the mean over environments; steps at which an episode was cut off count for nothing.

    Args:
        values: `(T + 1, B, ..., A)`. best: `(T + 1, B, ...)`, see `control_returns`.
        rewards: `(T, B, ...)`.

    Returns:
        The loss, and the mean of the returns.
    """
    over = (experience["terminated"], experience["truncated"])
    returns = control_returns(rewards, discount, best, *over)
    error = ops.square(returns - chosen(values[:-1], experience["action"]))
    known = ops.logical_not(_wide(experience["truncated"], error))
    return summed(error * ops.cast(known, "float32")), ops.mean(returns)


def summed(values: Any) -> Any:
    """Of `(T, B, ...)` the sum over all but environments, in the mean over those."""
    return ops.sum(values) / int(values.shape[1])


def change_of_cells(image: Any, cell: int, crop: int) -> Any:
    """How much cells of a picture change from one step to the next (section 3.1 and appendix A):
    absolute differences, in the mean over channels and the pixels of a cell.

    Args:
        image: `(T + 1, B, H, W, C)` from 0 to 255. cell: pixels. crop: pixels of every side that
            are left out.

    Returns:
        `(T, B, rows, columns)` from 0 to 1.
    """
    steps, batch, height, width, channels = (int(n) for n in image.shape)
    cut = image[:, :, crop : height - crop, crop : width - crop]
    seen = ops.cast(cut, "float32") / 255.0
    change = ops.abs(seen[1:] - seen[:-1])
    rows, columns = (height - 2 * crop) // cell, (width - 2 * crop) // cell
    parts = (steps - 1, batch, rows, cell, columns, cell, channels)
    return ops.mean(ops.reshape(change, parts), axis=(3, 5, 6))


def _wide(flag: Any, like: Any) -> Any:
    """A flag whose axes are the first ones of `like`, with as many axes."""
    return ops.reshape(flag, (*flag.shape, *[1] * (len(like.shape) - len(flag.shape))))
