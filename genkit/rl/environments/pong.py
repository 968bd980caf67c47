"""A reduced Pong, and the variants of Pong soup (Rusu et al., 2016, arXiv:1606.04671, section 5.1).

The paper changes the picture of Atari's Pong: frozen noise over it, a black or a white background,
75 % of its size and moved, and turned over. Here the same is done to a game of 16 x 16 pixels.
"""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from keras import ops

from genkit.randomness import normal
from genkit.rl.environments.base import (
    ArrayEnvironment,
    Observation,
    Space,
    State,
    choice,
    picture,
    spot,
)
from genkit.rl.environments.config import Variant

VARIANTS: tuple[Variant, ...] = get_args(Variant)
PADDLE = 4  # pixels high
SCORE = 3  # points that win
NOISE = 30.0  # deviation of the frozen noise, of 255
ZOOM = 0.75
# Background, and what moves on it.
_COLOURS = {"black": (0, 236), "white": (255, 100)}
_USUAL = (90, 236)


class ReducedPong(ArrayEnvironment):
    """The agent plays on the right against a paddle that follows the ball at half its speed.

    The ball moves a column a step, and up to a row; where it hits a paddle decides whether it goes
    on up, straight or down. Who misses loses a point (reward -1 or 1); then the ball begins in the
    middle, towards the one who lost it. An episode is over when somebody has three points.

    Args:
        variant: of the picture; the game is the same. size: pixels. limit: steps of an episode.

    Seen are two pictures, of this step and of the one before.
    """

    actions = ("stay", "up", "down")
    draws = 3

    def __init__(self, variant: Variant = "plain", size: int = 16, limit: int = 1_000) -> None:
        if variant not in VARIANTS:
            raise ValueError(f"variants are {', '.join(VARIANTS)}. Received: {variant!r}")
        if size < 8:
            raise ValueError(f"pong needs at least 8 pixels. Received: {size}")
        self.variant, self.size, self.limit = variant, size, limit
        self.observation = {"image": Space((size, size, 2))}
        noise = normal(0, "rl/pong-noise", 0, (size, size)) * NOISE
        self._noise = np.rint(noise).astype(np.int32)

    def drawn(self, noise: Any) -> State:
        towards = ops.where(noise[:, 0] < 0.5, -1, 1)
        ball = self._served(towards, noise)
        middle = ops.full_like(towards, (self.size - PADDLE) // 2)
        nothing = ops.zeros_like(towards)
        return {
            "ball": ball,
            "before": ball,
            "own": middle,
            "other": middle,
            "own_before": middle,
            "other_before": middle,
            "points": nothing,
            "lost": nothing,
            "rested": nothing,
        }

    def _served(self, towards: Any, noise: Any) -> Any:
        """Row, column and their change `(B, 4)` of a ball in the middle column that flies towards
        one side, -1 or 1."""
        row = choice(noise[:, 1], self.size)
        slope = choice(noise[:, 2], 3) - 1
        middle = ops.full_like(row, self.size // 2)
        return ops.stack([row, middle, slope, ops.cast(towards, "int32")], axis=1)

    def moved(self, state: State, action: Any, noise: Any) -> tuple[State, Any, Any]:
        highest = self.size - PADDLE
        change = ops.where(action == 1, -1, ops.where(action == 2, 1, 0))
        own = ops.clip(state["own"] + change, 0, highest)
        # Every second step, towards the ball.
        rested = 1 - state["rested"]
        aim = ops.sign(state["ball"][:, 0] - state["other"] - PADDLE // 2)
        other = ops.clip(state["other"] + aim * rested, 0, highest)
        ball, reward = self._flown(state["ball"], own, other, noise)
        points = state["points"] + ops.cast(reward > 0, "int32")
        lost = state["lost"] + ops.cast(reward < 0, "int32")
        over = ops.maximum(points, lost) >= SCORE
        after = {
            "ball": ball,
            "before": state["ball"],
            "own": own,
            "other": other,
            "own_before": state["own"],
            "other_before": state["other"],
            "points": points,
            "lost": lost,
            "rested": rested,
        }
        return after, reward, over

    def _flown(self, ball: Any, own: Any, other: Any, noise: Any) -> tuple[Any, Any]:
        """The ball a step later, and the reward."""
        last = self.size - 1
        row, column, slope, side = (ball[:, i] for i in range(4))
        row, column = row + slope, column + side
        slope = ops.where((row < 0) | (row > last), -slope, slope)
        row = ops.where(row < 0, -row, ops.where(row > last, 2 * last - row, row))
        paddle = ops.where(side > 0, own, other)
        reached = (column == 0) | (column == last)
        hit = reached & (row >= paddle) & (row < paddle + PADDLE)
        place = row - paddle  # 0 .. 3
        bent = ops.where(place == 0, -1, ops.where(place == PADDLE - 1, 1, slope))
        flown = ops.stack(
            [row, column, ops.where(hit, bent, slope), ops.where(hit, -side, side)], axis=1
        )
        missed = reached & ops.logical_not(hit)
        reward = ops.where(missed, ops.cast(-side, "float32"), 0.0)
        return ops.where(missed[:, None], self._served(side, noise), flown), reward

    def observe(self, state: State) -> Observation:
        now = self._shown(state["ball"], state["own"], state["other"])
        before = self._shown(state["before"], state["own_before"], state["other_before"])
        return {"image": picture(ops.stack([before, now], axis=-1))}

    def _shown(self, ball: Any, own: Any, other: Any) -> Any:
        """A picture `(B, size, size)`, int32."""
        size, rows = self.size, np.arange(self.size, dtype=np.int32)
        sides = []
        for paddle, column in ((own, size - 1), (other, 0)):
            high = (rows >= paddle[:, None]) & (rows < paddle[:, None] + PADDLE)
            sides.append(high[:, :, None] & (rows == column))
        seen = spot(ball[:, 0], ball[:, 1], size, size) | sides[0] | sides[1]
        background, moving = _COLOURS.get(self.variant, _USUAL)
        return self._varied(ops.where(seen, moving, background), background)

    def _varied(self, image: Any, background: int) -> Any:
        if self.variant == "noisy":
            return ops.clip(image + self._noise, 0, 255)
        if self.variant == "zoom":
            return self._zoomed(image, background)
        if "flip" not in self.variant:
            return image
        axes = [
            axis
            for letter, axis in (("v", 1), ("h", 2))
            if letter in self.variant.removesuffix("-flip")
        ]
        return ops.flip(image, axis=axes)

    def _zoomed(self, image: Any, background: int) -> Any:
        """At 75 % of its size, in the upper left corner."""
        places = np.rint(np.arange(self.size) / ZOOM).astype(np.int32)
        inside = places < self.size
        places = np.minimum(places, self.size - 1)
        small = ops.take(ops.take(image, places, axis=1), places, axis=2)
        return ops.where(inside[:, None] & inside, small, background)
