"""Catch: a ball falls, a paddle catches it or not (Mnih et al., 2014, arXiv:1406.6247, section 4.3;
sizes as in bsuite, Osband et al., 2020, arXiv:1908.03568)."""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.rl.environments.base import (
    ArrayEnvironment,
    Observation,
    Space,
    State,
    choice,
    picture,
    spot,
)


class Catch(ArrayEnvironment):
    """A ball begins in a drawn column of the first row and falls a row a step; the paddle moves in
    the last row. Reward 1 where they meet, else -1, and the episode is over.

    Args:
        rows, columns: of the field.
    """

    actions = ("left", "stay", "right")
    draws = 1

    def __init__(self, rows: int = 10, columns: int = 5) -> None:
        if rows < 2 or columns < 2:
            raise ValueError(f"catch needs two rows and columns. Received: {rows}, {columns}")
        self.rows, self.columns, self.limit = rows, columns, rows
        self.observation = {"image": Space((rows, columns, 1))}

    def drawn(self, noise: Any) -> State:
        ball = choice(noise[:, 0], self.columns)
        return {
            "row": ops.zeros_like(ball),
            "column": ball,
            "paddle": ops.full_like(ball, self.columns // 2),
        }

    def moved(self, state: State, action: Any, noise: Any) -> tuple[State, Any, Any]:
        paddle = ops.clip(state["paddle"] + action - 1, 0, self.columns - 1)
        row = state["row"] + 1
        over = row == self.rows - 1
        caught = ops.where(paddle == state["column"], 1.0, -1.0)
        reward = ops.where(over, caught, 0.0)
        return {**state, "row": row, "paddle": paddle}, reward, over

    def observe(self, state: State) -> Observation:
        last = ops.full_like(state["row"], self.rows - 1)
        ball = spot(state["row"], state["column"], self.rows, self.columns)
        paddle = spot(last, state["paddle"], self.rows, self.columns)
        return {"image": picture(ops.where(ball | paddle, 255, 0))[..., None]}
