"""Frames before rewards against a search through everything that was experienced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.rl.heads.config import CLASSES, FRAMES
from genkit.rl.replay import NEEDED, Replay

T, B, S = 4, 3, 5


def history(count: int, rate: float = 0.3, seed: int = 0) -> dict[str, np.ndarray]:
    """What B environments went through in `count` stretches; each frame has a number of its own."""
    draw, steps = np.random.default_rng(seed), count * T
    over = draw.random((steps, B)) < 0.15
    first = np.concatenate([np.ones((1, B), bool), over])
    reward = np.where(draw.random((steps, B)) < rate, draw.choice([-2.0, 0.5, 1.0], (steps, B)), 0)
    frame = np.arange((steps + 1) * B, dtype=np.int32).reshape(-1, B)
    return {"over": over, "first": first, "reward": reward.astype(np.float32), "frame": frame}


def filled(lived: dict[str, np.ndarray], count: int) -> Replay:
    replay = Replay(S, ("image",))
    for k in range(count):
        own, seen = slice(k * T, (k + 1) * T), slice(k * T, (k + 1) * T + 1)
        found: dict[str, Any] = {name: np.zeros((T, B), np.float32) for name in NEEDED}
        found["first"], found["reward"] = lived["first"][seen], lived["reward"][own]
        found["observation"] = {"image": lived["frame"][seen]}
        replay.add(found)
    return replay


def possible(lived: dict[str, np.ndarray], count: int) -> dict[tuple[int, ...], int]:
    """All windows of the stretches that are kept: their frames, and the class behind them."""
    found = {}
    for b in range(B):
        for last in range(max(0, count - S) * T + FRAMES - 1, count * T):
            frames = range(last - FRAMES + 1, last + 1)
            if any(lived["over"][t, b] for t in frames[:-1]):
                continue  # an episode ends between them
            sign = int(np.sign(lived["reward"][last, b]))
            name = {0: "zero", 1: "positive", -1: "negative"}[sign]
            found[tuple(int(lived["frame"][t, b]) for t in frames)] = CLASSES.index(name)
    return found


@pytest.mark.parametrize("count", [2, S, 2 * S + 3])
def test_windows_are_whole_and_have_the_reward_that_follows(count: int) -> None:
    lived = history(count)
    replay, wanted = filled(lived, count), possible(lived, count)
    found = replay.windows(np.random.default_rng(1).random((4_000, 2)))
    assert found is not None
    frames = found["observation"]["image"]
    assert frames.shape == (FRAMES, 4_000)
    drawn = [tuple(window) for window in frames.T.tolist()]
    for window, kind in zip(drawn, found["class"].tolist(), strict=True):
        assert wanted[window] == kind
    assert set(drawn) == set(wanted)  # each can be drawn


def test_half_of_them_have_a_reward() -> None:
    lived = history(S, rate=0.05)
    found = filled(lived, S).windows(np.random.default_rng(1).random((4_000, 2)))
    assert found is not None
    assert float((found["class"] == 0).mean()) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_where_one_kind_is_missing_the_other_is_drawn(rate: float) -> None:
    lived = history(S, rate)
    found = filled(lived, S).windows(np.random.default_rng(1).random((50, 2)))
    assert found is not None
    assert bool((found["class"] == 0).all() if rate == 0 else (found["class"] != 0).all())


def test_episodes_too_short_for_a_window() -> None:
    lived = history(S)
    lived["first"][:] = True
    assert filled(lived, S).windows(np.random.default_rng(1).random((5, 2))) is None
